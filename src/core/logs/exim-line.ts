/**
 * Turns lines of Exim's mainlog into facts. Its ids take the place of Postfix's queue ids. Pure,
 * never throws.
 *
 *   ID <= joe@here.test H=(pc) [192.0.2.7]:5 P=esmtpsa A=plain:joe S=900 id=x@y   came in
 *   ID => a@world.test R=dnslookup T=remote_smtp H=mx [192.0.2.9]:25 C="250 OK"   was delivered
 *   ID == a@world.test …  defer (-44): reply       will be tried again
 *   ID ** a@world.test …: reply                    bounced
 *   plain authenticator failed for (pc) [192.0.2.9]:5: 535 … (set_id=joe)
 */

import { readStamp } from '../../formats/logs/stamp.ts';
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { accountNamed, accountOf, type DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { addressEnd, exchangeFacts } from './exim-delivery.ts';
import { type LineFacts, noFacts } from './postfix-line.ts';

const idAhead = new RegExp(
  '^((?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2})' +
    '|(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) ',
);
const peer = String.raw`(?:[^\s[\]()]{1,255} )?(?:\([^()]{0,255}\) )?\[([0-9A-Fa-f:.]{2,45})\]`;
const cameFrom = new RegExp(`^ H=${peer}`);
const authFailed = new RegExp(
  String.raw`^\S{1,60} authenticator failed for ${peer}(?::\d{1,5})?` +
    String.raw`(?: I=\[[^\s\]]{1,60}\](?::\d{1,5})?)?(?: U=\S{1,60})?(?: Ci=\d{1,10})?: (\d{3})`,
);
const setId = /\(set_id=(.{1,256})\)$/s;
const refused = new RegExp(
  `^H=${peer}.{0,600}? (temporarily )?rejected ` +
    '(EHLO|HELO|MAIL|RCPT|connection|after DATA|DATA|AUTH|VRFY|ETRN|by local_scan)',
  's',
);
const inId = /^H=.{0,900}? (?:temporarily )?rejected (?:after DATA|by local_scan)/s;
const frozen = /^(?:Frozen|frozen by|Message is frozen|Message frozen)/;
const unfrozen = /^(?:Unfrozen|unfrozen by)/;
const deleted = /^(?:removed by|message removed|cancelled by)/;
/** Known words behind an id. */
const about = new RegExp(
  '^(?:H=|no immediate|Spool file|SMTP (?:error|connection|timeout)|TLS |DKIM|SPF|DMARC|ARC' +
    '|[a-z_]{1,40} router|failed to|error |remote host|Sender identification|Greylist|malware' +
    '|Message |log_|U=|User |Warning|\\[|>> |Remote|greeted|original recipients|routing|Failed' +
    '|retry|SA: |[^\\s<>]{1,300} H=.{1,600}rejected by local_scan)',
);

/** Facts of a line; none for a known line without one; undefined if it is not understood. */
export function eximFacts(line: string, defaultDomain: DefaultDomain): LineFacts {
  const text = withoutStamp(line);
  const id = idAhead.exec(text)?.[1];
  if (id === undefined) return ofServer(text, defaultDomain);
  const rest = text.slice(id.length + 1);
  if (rest.startsWith('<= ')) return cameIn(id, rest.slice(3), defaultDomain);
  const exchange = exchangeFacts(id, rest);
  if (exchange !== 'other') return exchange;
  if (rest === 'Completed' || rest.startsWith('Completed ')) {
    return [{ kind: 'removed', queueId: id, how: 'removed' }];
  }
  if (frozen.test(rest)) return [{ kind: 'held', queueId: id }];
  if (unfrozen.test(rest)) return [{ kind: 'unheld', queueId: id }];
  if (deleted.test(rest)) return [{ kind: 'removed', queueId: id, how: 'deleted' }];
  if (inId.test(rest)) return ofServer(rest, defaultDomain, id);
  return about.test(rest) ? noFacts : undefined;
}

/** Through syslog, Exim puts its own stamp before the text. */
function withoutStamp(line: string): string {
  const own = readStamp(line, 0);
  const text = own === undefined ? line : line.slice(own.end + 1);
  return text.startsWith('[') ? text.replace(/^\[\d{1,8}\] /, '') : text;
}

function cameIn(id: string, text: string, defaultDomain: DefaultDomain): LineFacts {
  const end = addressEnd(text, false);
  if (end === 0) return undefined;
  const sender = addressKey(text.slice(0, end));
  const rest = text.slice(end);
  const from = cameFrom.exec(rest)?.[1];
  const client = from === undefined ? '' : clientAddress(from);
  // What a client chooses must not look like a field: HELO stands before the address, a subject and
  // a Message-ID behind S=, names in certificates in quotes.
  const { head, tail } = atSize(rest.slice(cameFrom.exec(rest)?.[0].length ?? 0));
  const protocol = fieldOf(head, ' P=');
  const named = fieldOf(head, ' A=');
  const login = named.slice(named.indexOf(':') + 1);
  const account = named.includes(':') && login !== '' ? accountOf(login, defaultDomain) : undefined;
  const bounceOf = sender === '' && rest.startsWith(' R=') ? fieldOf(rest, ' R=') : '';
  const subject = tail.indexOf(' T="');
  const messageId = fieldOf(subject < 0 ? tail : tail.slice(0, subject), ' id=');
  const facts: LogFact[] = [];
  if (account !== undefined) {
    const of = { account, client, ok: true, times: 1 } as const;
    facts.push({ kind: 'login', ...of, protocol: 'smtp' });
  }
  facts.push({
    kind: 'entered',
    queueId: id,
    service: protocol === '' ? 'exim' : `exim/${protocol}`,
    client,
    firstClient: '',
    login: account,
    uid: undefined,
    ...(protocol.startsWith('local') ? { sender } : {}),
    previousId: '',
  });
  if (bounceOf !== '') facts.push({ kind: 'bounce-made', queueId: bounceOf, bounceId: id });
  if (messageId !== '') facts.push({ kind: 'named', queueId: id, messageId: `<${messageId}>` });
  facts.push({
    kind: 'queued',
    queueId: id,
    sender,
    sizeBytes: Number(/^\d{1,15}$/.exec(fieldOf(tail, ' S='))?.[0] ?? 0),
    recipientCount: recipientsOf(tail),
  });
  return facts;
}

/**
 * The fields in front of the size, without what stands in quotes, and the rest. A line without a
 * size has no fields behind it.
 */
function atSize(fields: string): { readonly head: string; readonly tail: string } {
  let head = '';
  let isQuoted = false;
  for (let at = 0; at < fields.length; at++) {
    const char = fields[at] ?? '';
    if (char === '"') isQuoted = !isQuoted;
    else if (isQuoted && char === '\\') at++;
    else if (!isQuoted && fields.startsWith(' S=', at)) return { head, tail: fields.slice(at) };
    else if (!isQuoted) head += char;
  }
  return { head, tail: '' };
}

/** How many recipients the line names behind ` for `; 0 if it does not (log_selector). */
function recipientsOf(fields: string): number {
  const at = fields.lastIndexOf(' for ');
  if (at < 0) return 0;
  const names = fields.slice(at + 5).split(' ');
  return names.every((name) => name.includes('@')) ? names.length : 0;
}

/** The word behind the first `name`. */
function fieldOf(fields: string, name: string): string {
  const at = fields.indexOf(name);
  if (at < 0) return '';
  const from = at + name.length;
  const end = fields.indexOf(' ', from);
  return fields.slice(from, end < 0 ? fields.length : end);
}

/** A line without an id, or about mail that was not taken. */
function ofServer(text: string, defaultDomain: DefaultDomain, queueId = ''): LineFacts {
  const failed = authFailed.exec(text);
  if (failed !== null) {
    const login = setId.exec(text)?.[1] ?? '';
    // 435 and other codes: the password could not be checked.
    if (failed[2] !== '535') return noFacts;
    const account = accountNamed(login, defaultDomain);
    const client = clientAddress(failed[1] ?? '');
    return [{ kind: 'login', account, client, ok: false, times: 1, protocol: 'smtp' }];
  }
  const found = refused.exec(text);
  if (found === null) return noFacts;
  const [head, client = '', , stage = ''] = found;
  const rest = text.slice(head.length);
  const to = /^ <([^<>]{1,400})>/.exec(rest)?.[1] ?? '';
  const from = / F=<([^<>]{0,400})>/.exec(head)?.[1] ?? '';
  const login = / A=[\w-]{1,60}:(\S{1,256})/.exec(head.split(' F=<', 1)[0] ?? '')?.[1];
  const colon = rest.indexOf(': ');
  return [
    {
      kind: 'rejected',
      queueId,
      stage: stage === 'connection' ? 'CONNECT' : stage.replace('after ', '').toUpperCase(),
      byMilter: false,
      client: clientAddress(client),
      sender: addressKey(from),
      recipient: stage === 'RCPT' ? addressKey(to) : '',
      login: login === undefined ? undefined : accountOf(login, defaultDomain),
      reply: colon < 0 ? '' : rest.slice(colon + 2),
    },
  ];
}
