/**
 * Turns lines of Postfix (3.4 and later) into facts. It keeps one count for each running smtpd: how
 * many failed logins the lines of this connection already told. Never throws.
 *
 * Clients choose names, logins and Message-IDs. So a line is read from the left, each field up to
 * where Postfix ended it.
 */
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { deliveryFact } from './postfix-delivery.ts';
import { actionFact, noticeFact, operatorFact, queueManagerFact } from './postfix-fate.ts';
import { failedLogin, goodLogin, isFailedLogin } from './postfix-login.ts';
import { milterAway, queueFact } from './postfix-queue.ts';

/** No fact is needed from the line. */
export const noFacts: readonly LogFact[] = [];

/** Facts; none for a known line without one; undefined for a line that is not understood. */
export type LineFacts = readonly LogFact[] | undefined;

/** The parts of a line that a program's reader takes. */
export type LineParts = {
  readonly host: string;
  readonly tag: string;
  readonly pid: string;
  readonly text: string;
  /** How many times it was logged. */
  readonly times: number;
};

/** Programs of Postfix with lines that matter. */
const telling: ReadonlySet<string> = new Set([
  ...['smtpd', 'qmqpd', 'cleanup', 'qmgr', 'nqmgr', 'oqmgr', 'pickup', 'bounce', 'postsuper'],
  ...['smtp', 'lmtp', 'relay', 'local', 'virtual', 'pipe', 'error', 'retry', 'discard'],
  ...['postscreen', 'trace', 'defer'],
]);
const idChars = /^[0-9A-Za-z]{5,32}$/;
const idLengthMax = 32;
const disconnected = new RegExp(
  String.raw`^disconnect from [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})? ` +
    String.raw`(?:[a-z_]{1,20}=[\d/]{1,20} )*?auth=(\d{1,9})/(\d{1,9})(?: |$)`,
);
/** Known lines without a queue id, by their first words. */
const plain = new RegExp(
  '^(?:connect |disconnect |lost connection|timeout after|too many errors|improper command' +
    '|(?:warning|fatal|error|panic|info|debug|reject_warning|statistics|table|initializing)[: ]' +
    '|(?:Anonymous|Trusted|Untrusted|Verified|Unknown|New|Reused|setting up) |SSL|TLS|certificate' +
    '|CONNECT|DISCONNECT|PASS|PREGREET|DNSBL|HANGUP|COMMAND|BARE NEWLINE|NON-SMTP|NOQUEUE' +
    '|(?:WHITE|BLACK|ALLOW|DENY)LIST|cache |entering|leaving|close |discarding|reload|daemon' +
    '|premature|using backwards|sacl|private|[<>] |milter|dict_|generate|match|Placed|Released' +
    String.raw`|Deleted|Requeued|request |address|\w{1,30}\.cf|rewrite|input|proxy-|unable to ` +
    '|host |name|conversation|smtp_|smtpd_|connection)',
  'i',
);
/** Known lines behind a queue id. */
const aboutMessage = new RegExp(
  '^(?:warning|info|replace|prepend|redirect|filter|reject_warning|strip|bcc|pass|permit|delay' +
    '|trigger|enable|milter-)|^(?:host |lost connection|conversation with|enabling PIX|breaking' +
    '|Server certificate|certificate|TLS |Cannot|connect to|message-id=$|smtp_|sasl' +
    '|timed out|non-SMTP|skipped|resent-|removed|table|Passing|no signature' +
    '|address|using|dict|matched|improper|refused|tls_|verify|debug|fatal|error|discarded|unable)',
  'i',
);

/** Connections whose failed logins are counted. */
const sessionsMax = 10_000;
/** At most this many failures of one connection are counted. */
const failuresMax = 100;

export class PostfixLines {
  /** Of a running smtpd: failed logins of its connection that its lines told. */
  readonly #told = new RecentMap<string, number>(sessionsMax);

  read(parts: LineParts, defaultDomain: DefaultDomain): LineFacts {
    const { tag, text } = parts;
    const program = tag.slice(tag.lastIndexOf('/') + 1);
    if (!telling.has(program)) return noFacts;
    const id = queueIdOf(text);
    if (id === '') return this.#withoutId(program, parts, defaultDomain);
    const rest = text.slice(id.length + 2);
    const queueId = id === 'NOQUEUE' ? '' : id;
    switch (program) {
      case 'smtpd':
      case 'qmqpd':
      case 'postscreen':
        return received(tag, queueId, rest, defaultDomain);
      case 'cleanup':
      case 'pickup':
        return (
          one(queueFact(tag, queueId, rest, defaultDomain)) ??
          one(actionFact(queueId, rest, defaultDomain)) ??
          known(rest)
        );
      case 'qmgr':
      case 'nqmgr':
      case 'oqmgr':
        return facts(queueManagerFact(queueId, rest), rest);
      case 'bounce':
      case 'trace':
      case 'defer':
        return facts(noticeFact(queueId, rest), rest);
      case 'postsuper':
        return facts(operatorFact(queueId, rest), rest);
      default:
        return rest.startsWith('to=') ? facts(deliveryFact(tag, queueId, rest), '') : known(rest);
    }
  }

  #withoutId(program: string, parts: LineParts, defaultDomain: DefaultDomain): LineFacts {
    const { text, times } = parts;
    const isServer = program === 'smtpd';
    if (text.startsWith('warning: ')) {
      if (isServer && isFailedLogin(text)) {
        const session = sessionOf(parts);
        this.#told.set(session, (this.#told.get(session) ?? 0) + times);
        return one(failedLogin(text, times, defaultDomain)) ?? noFacts;
      }
      return one(milterAway(program, text)) ?? noFacts;
    }
    if (!isServer) return known(text, plain);
    if (text.startsWith('disconnect from ')) return this.#disconnected(parts);
    return known(text, plain);
  }

  /**
   * `auth=1/4`: four logins were tried, and one was right. Old versions have no other line about a
   * failed login, and no version has one about a login that it does not offer.
   */
  #disconnected(parts: LineParts): LineFacts {
    if (!parts.text.includes(' auth=')) return noFacts;
    const [, address, good, all] = disconnected.exec(parts.text) ?? [];
    if (address === undefined) return noFacts;
    const session = sessionOf(parts);
    const told = this.#told.get(session) ?? 0;
    if (told > 0) this.#told.set(session, 0);
    const times = Math.min(Number(all) - Number(good) - told, failuresMax);
    if (!(times > 0)) return noFacts;
    const client = clientAddress(address);
    return [{ kind: 'login', account: undefined, client, ok: false, times }];
  }
}

function received(
  tag: string,
  queueId: string,
  text: string,
  defaultDomain: DefaultDomain,
): LineFacts {
  if (!text.startsWith('client=')) {
    return one(actionFact(queueId, text, defaultDomain)) ?? known(text);
  }
  const way = queueFact(tag, queueId, text, defaultDomain);
  const all = [goodLogin(text, defaultDomain), way].filter((fact) => fact !== undefined);
  return all.length === 0 && queueId !== '' ? undefined : all;
}

function sessionOf({ host, tag, pid }: LineParts): string {
  return `${host} ${tag}[${pid}]`;
}

/** The queue id in front of `: `, or NOQUEUE; empty if there is none. */
function queueIdOf(text: string): string {
  const end = text.indexOf(': ');
  if (end < 5 || end > idLengthMax) return '';
  const id = text.slice(0, end);
  if (!idChars.test(id)) return '';
  // `warning: `, `fatal: `, `statistics: `: a queue id has a digit, or capitals.
  return /^[a-z]{5,11}$/.test(id) ? '' : id;
}

function one(fact: LogFact | undefined): readonly LogFact[] | undefined {
  return fact === undefined ? undefined : [fact];
}

function facts(fact: LogFact | 'known' | undefined, rest: string): LineFacts {
  if (fact === undefined) return rest === '' ? undefined : known(rest);
  return fact === 'known' ? noFacts : [fact];
}

function known(rest: string, words: RegExp = aboutMessage): LineFacts {
  return words.test(rest) ? noFacts : undefined;
}
