/**
 * Notices about mail that passed: to the operator by every channel, and to the owner of the account
 * if owners are told. The guard's core says what is due, and when the same is due again.
 */
import type { Telling } from '../../core/account/telling.ts';
import type { Submission } from '../../core/event.ts';
import { noticeReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import type { Reason } from '../../core/reason.ts';
import { passedEvents, passedNumbers, passedReasons } from '../../core/telling/passed-notice.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { hourMs, type Millis } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { GateDeps } from '../account/message-submitted.ts';
import { observes, type Settings } from '../settings.ts';
import type { Notices } from './notices.ts';

/** Mails to owners in an hour: when a program of all users changes, not all of them are told. */
const ownersMax = 200;
const subjectMax = 120;

export type PassedToldDeps = {
  readonly notices: Pick<Notices, 'prepare'>;
  readonly world: World;
  readonly settings: Settings;
  readonly host: string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

/** Answers with the changes to commit together with the account that the message has changed. */
export function openPassedTold(deps: PassedToldDeps): GateDeps['telling'] {
  const { notices, world } = deps;
  let hour = 0;
  let owners = 0;
  const toOwner = (about: Notice, at: Millis): readonly Change[] => {
    const now = Math.floor(at / hourMs);
    if (now !== hour) {
      hour = now;
      owners = 0;
    }
    const changes = notices.prepare(about, 'owner');
    if (changes.length === 0) return [];
    if (owners < ownersMax) {
      owners++;
      return changes;
    }
    world.log('info', 'notice.owner-untold', { account: about.account, about: about.event });
    return [];
  };
  return (message, told, reasons) =>
    told.flatMap((telling) => {
      world.count('postern_told_total', 1, telling.what);
      const about = passedNotice(deps, message, telling, reasons);
      return [
        ...(telling.to.includes('operator') ? notices.prepare(about) : []),
        ...(telling.to.includes('owner') ? toOwner(about, message.at) : []),
      ];
    });
}

function passedNotice(
  { host, iso, settings, world }: PassedToldDeps,
  message: Submission,
  telling: Telling,
  reasons: readonly Reason[],
): Notice {
  const { account } = message;
  const at = iso(message.at);
  const others = telling.what === 'watched' ? noticeReasons(reasons) : [];
  return {
    version: 1,
    event: passedEvents[telling.what],
    id: world.newId(),
    host,
    at,
    account,
    since: at,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    numbers: passedNumbers(telling),
    ...(observes(settings, account) ? { observed: true } : {}),
    facts: lastMessage(message, telling),
    loginClosed: false,
    reasons: [...passedReasons(telling), ...others],
    undo: '',
    explain: shellWords('postern', 'accounts', 'show', account),
    page: `/accounts/${encodeURIComponent(account)}`,
  };
}

/** What the last message is recognised by. */
function lastMessage(
  { client = '', subject = '' }: Submission,
  telling: Telling,
): NonNullable<Notice['facts']> {
  const line = withoutControls(subject, ' ').trim().slice(0, subjectMax);
  const address = withoutControls(client);
  // A client with a network is shown as one from a new network.
  const network = telling.what === 'new-client' ? telling.network : '';
  return {
    clients: address === '' ? [] : [{ address, network, messages: 1 }],
    clientCount: address === '' ? 0 : 1,
    subjects: line === '' ? [] : [{ subject: line, messages: 1 }],
    recipients: [],
    domains: [],
    password: '',
    answers: [],
  };
}
