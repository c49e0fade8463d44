/** What a reply means, as text and as JSON. Pure. */

import { providerById, providerName } from '../../core/deliverability/providers.ts';
import type { ClassifiedReply, ReplyScope, ReplySeverity } from '../../core/replies/classified.ts';
import { waits } from '../../core/replies/rule.ts';
import { plain } from '../terminal/format.ts';

const scopes: Readonly<Record<ReplyScope, string>> = {
  'our-ip': 'the address that this server sends from',
  'our-network': 'the network, hoster or country of this server',
  'our-domain': 'the domain that the mail is from',
  authentication: 'SPF, DKIM, DMARC, or a login',
  content: 'this message: its text, links, attachments or header',
  rate: 'how much, how fast or over how many connections this server sends',
  recipient: 'this mailbox',
  'their-fault': 'the other side: it is busy or broken',
  'policy-of-recipient': 'a rule of the recipient or their administrator',
  greylist: 'first contact, which is put off on purpose',
  size: 'the size of the message',
  tls: 'encryption',
  network: 'no conversation came about, or it broke off',
};
const severities: Readonly<Record<ReplySeverity, string>> = {
  transient: 'it passes in time',
  slowed: 'they take less or later than this server offers',
  blocked: 'they refuse until something changes here',
  'permanent-for-this-recipient': 'this message does not reach this recipient',
};

/** `24h`, `until-fixed`, `never`; empty if it is not known. */
function waitWord(wait: ClassifiedReply['wait']): string {
  return Object.entries(waits).find(([, value]) => value === wait)?.[0] ?? '';
}

export function classifiedJson(id: string | number | null, answer: ClassifiedReply): object {
  const { provider, scope = '', severity = '', cure, rule, filter } = answer;
  return { id, provider, scope, severity, wait: waitWord(answer.wait), cure, rule, filter };
}

export function classifiedText(answer: ClassifiedReply, shape: string): string {
  const rows: readonly Row[] = [
    ['Who answered', whoText(answer)],
    ...meaningText(answer),
    ...(answer.rule === ''
      ? [['Rule', `none; the reply without its details: ${plain(shape)}`] as const]
      : []),
  ];
  return rows.map(([title, text]) => `${title.padEnd(14)}${text}\n`).join('');
}

type Row = readonly [title: string, text: string];

/** Titles and texts of what is known. */
export function meaningText(answer: ClassifiedReply): readonly Row[] {
  const { cure, link, rule, scope, severity, wait } = answer;
  return [
    ...(scope === undefined ? [] : [['About', `${scopes[scope]} (${scope})`] as const]),
    ...(severity === undefined
      ? []
      : [['How bad', `${severities[severity]} (${severity})`] as const]),
    ...(wait === undefined ? [] : [['Next try', nextTry(wait)] as const]),
    ...(cure === '' ? [] : [['What to do', cure] as const]),
    ...(link === '' ? [] : [['Page', link] as const]),
    ...(rule === '' ? [] : [['Rule', rule] as const]),
  ];
}

export function whoText({ provider, filter, isOwnWords }: ClassifiedReply): string {
  const name = providerById(provider)?.name ?? 'a site of its own';
  const known = provider === 'none' ? 'nobody outside' : name;
  const words = filter === '' ? '' : `, in words of ${providerName(filter)}`;
  if (!isOwnWords) return `${known}${words}`;
  if (provider === 'none') return 'nobody outside; these are words of this server';
  return `words of this server about ${known}${words}`;
}

function nextTry(wait: NonNullable<ClassifiedReply['wait']>): string {
  if (wait === 'never') return 'never: do not send this message again';
  if (wait === 'until-fixed') return 'after the cause is gone';
  return `after ${waitWord(wait)}`;
}
