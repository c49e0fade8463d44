/** What is known of an account's mail since the first sign, as text for a terminal. Pure. */
import type { AccountFacts, ClientSeen } from '../../core/incidents/account-facts.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint } from '../terminal/table.ts';

export function factsText(facts: AccountFacts | undefined): string {
  // A guard of an earlier version has none.
  if (facts === undefined) return '';
  const { clientCount, clients, domainCount, domains, password, recipientCount, unnamed } = facts;
  const { answers, lastLogin, messages, recipients, remarks, since, subjectCount, subjects } =
    facts;
  const lines: (readonly [string, string])[] = [];
  const list = (name: string, parts: readonly string[], of: number): void => {
    for (const [nth, part] of parts.entries()) lines.push([nth === 0 ? name : '', part]);
    if (of > parts.length) lines.push(['', `and ${of - parts.length} more`]);
  };
  list('from', clients.map(clientText), clientCount);
  list(
    'subject',
    subjects.map(({ messages: count, subject }) => `${subject} (${many(count, 'message')})`),
    subjectCount,
  );
  if (recipients.length > 0) {
    const others = recipientCount - recipients.length;
    const more = others > 0 ? ` and ${others} more` : '';
    lines.push(['to', `${recipients.join(', ')}${more}`]);
  }
  if (unnamed > 0) {
    lines.push(['', `${many(unnamed, 'recipient')} not kept in clear text (messages.keep_clear)`]);
  }
  const shown = domains.map(({ domain, recipients: count }) => `${domain} ${count}`);
  if (domainCount > shown.length) shown.push(`and ${domainCount - shown.length} more`);
  if (shown.length > 0) lines.push(['domains', shown.join(', ')]);
  const login =
    lastLogin === undefined
      ? 'no login from a network that it used before is known'
      : `last login ${clock(lastLogin.at)} from ${lastLogin.address || lastLogin.network}, ` +
        'a network that it used before';
  lines.push(['before', login], ['password', password.text]);
  for (const [nth, { messages: count, name, outcome, reply }] of answers.entries()) {
    const did = outcome === 'deferred' ? 'put off' : 'refused';
    const text = `${name} ${did} ${many(count, 'message')}: ${reply}`;
    lines.push([nth === 0 ? 'answers' : '', text]);
  }
  const told = lines.map(([name, text]) => `  ${name.padEnd(10)}${plain(text)}\n`).join('');
  const said = remarks.map((remark) => `  ${plain(remark)}\n`).join('');
  const head = `Its mail since ${clock(since)}`;
  return `${paint('bold', head)}: ${many(messages, 'message')}\n${told}${said}`;
}

function clientText({ address, lastAt, messages, network, networkSince }: ClientSeen): string {
  const since =
    network === ''
      ? ''
      : networkSince === undefined
        ? ', a network that it did not use before'
        : `, ${network} in use since ${clock(networkSince)}`;
  return `${address} (${many(messages, 'message')}, last ${clock(lastAt)}${since})`;
}
