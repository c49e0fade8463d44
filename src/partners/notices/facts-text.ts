/** What is known of an account's mail, as lines of a notice. Pure. */
import type { NoticeFacts } from '../../core/notice.ts';
import { withoutControls } from '../../lib/peer-text.ts';

type Fold = (text: string, first: string, rest: string) => string;

const replyMax = 200;

export function factLines(facts: NoticeFacts | undefined, fold: Fold): readonly string[] {
  if (facts === undefined) return [];
  const { answers, clientCount, clients, domains, lastLogin, password, recipients } = facts;
  const line = (name: string, parts: readonly string[], between = ', '): readonly string[] =>
    parts.length === 0 ? [] : [fold(oneLine(parts.join(between)), name.padEnd(9), ' '.repeat(9))];
  const more = clientCount - clients.length;
  const from = clients.map(clientText);
  return [
    ...line('From', more > 0 ? [...from, `and ${more} more addresses`] : from),
    ...line(
      'Subject',
      facts.subjects.map(({ messages, subject }) => `“${subject}” (${messages})`),
    ),
    ...line('To', recipients),
    ...line(
      'Domains',
      domains.map(({ domain, recipients: count }) => `${domain} (${count})`),
    ),
    ...line('Before', lastLogin === undefined ? [] : [loginText(lastLogin)]),
    ...line('Password', password === '' ? [] : [password]),
    ...answers.flatMap(({ messages, provider, reply }) =>
      line('Answer', [`${provider}, to ${messages} of the messages: ${reply.slice(0, replyMax)}`]),
    ),
  ];
}

/** The last login from a network that was in use before the first sign. */
function loginText({ address, at, network }: NonNullable<NoticeFacts['lastLogin']>): string {
  return `last login ${at} from ${address === '' ? network : address}`;
}

function clientText({ address, messages, network, networkSince }: NoticeFacts['clients'][number]) {
  if (network === '') return `${address} (${messages})`;
  const since =
    networkSince === undefined ? 'a new network' : `seen since ${networkSince.slice(0, 10)}`;
  return `${address} (${messages}, ${since})`;
}

function oneLine(text: string): string {
  return withoutControls(text, ' ').slice(0, 1_000);
}
