/**
 * Recognises what belongs to a drill, so that it is never counted as real mail: at the doors by the
 * account and the sender, in the mail log by the queue id. It may ask before a drill begins, too:
 * the canary sends nothing outside a drill.
 */
import type { Account } from '../../core/account-name.ts';
import type { LogEvent, Submission } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import type {
  Answer,
  MessagePath,
  MessageStart,
  PassingMessage,
  PolicyHandler,
  Submitter,
} from '../../ports/message.ts';

/** The domain of all recipients of a drill. Nobody can own it (RFC 2606). */
export const sinkDomain = 'postern-drill.invalid';

/** Queue ids of the drill that are remembered: a drill has three. */
const idsMax = 1_000;

export type Canary = {
  readonly account: Account;
  /** Its envelope sender, as an address key. */
  readonly sender: string;
};

export type DrillMailDeps = {
  readonly canary: Canary;
  /** A drill runs now. */
  readonly runs: () => boolean;
  /** Judges a whole message of the drill. */
  readonly judge: (
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
  ) => void;
};

const onlyDrills: Answer = {
  kind: 'reply',
  code: 550,
  enhanced: '5.7.1',
  text: 'This account sends mail only while a drill runs',
};
export function isSink(address: string): boolean {
  return address.endsWith(`@${sinkDomain}`);
}

/** While a drill runs. */
export const onlySinks: Answer = {
  kind: 'reply',
  code: 550,
  enhanced: '5.7.1',
  text: 'This account sends only to the sink of a drill',
};

/**
 * What a drill answers to a message; undefined: it is not one of this drill's two. Who has the
 * canary's password does not know the token, so no message of theirs stays in the queue and
 * bounces later, to a sender that they chose.
 */
export function drillVerdict(
  { local, outside, sender = '' }: Pick<Submission, 'local' | 'outside' | 'sender'>,
  { canary, token }: { readonly canary: Canary; readonly token: string },
): 'hold' | 'pass' | undefined {
  const [to, ...more] = [...outside, ...local];
  if (to === undefined || more.length > 0 || sender !== canary.sender) return undefined;
  return (['hold', 'pass'] as const).find((one) => to === sinkAddress(one, token));
}

/** Where the message of a drill goes that is to be held, or to pass. */
export function sinkAddress(verdict: 'hold' | 'pass', token: string): string {
  return `${verdict}-${token}@${sinkDomain}`;
}

/** The path of messages, without mail of the drill. */
export function drillPath(real: MessagePath, deps: DrillMailDeps): MessagePath {
  const { canary, runs } = deps;
  return {
    edits: real.edits,
    mayBegin(submitter) {
      if (submitter.account !== canary.account) return real.mayBegin(submitter);
      return runs() ? { kind: 'pass' } : onlyDrills;
    },
    open: (start, editedAs) =>
      isDrill(start, deps) ? new DrillPassing(deps) : real.open(start, editedAs),
  };
}

/**
 * Requests of the policy protocol about the canary are answered uncounted. Where Postfix asks no
 * milter, this alone keeps whoever has the canary's password from sending.
 */
export function drillPolicy(
  real: PolicyHandler,
  { canary, runs }: Pick<DrillMailDeps, 'canary' | 'runs'>,
): PolicyHandler {
  return {
    ask(connection, request, answer) {
      const { account, recipient } = request;
      if (account !== canary.account) real.ask(connection, request, answer);
      else if (!runs()) answer(onlyDrills);
      else if (recipient !== '' && !isSink(recipient)) answer(onlySinks);
      else answer({ kind: 'pass' });
    },
    gone: (connection) => real.gone(connection),
  };
}

/**
 * By its sender alone, a message belongs to the drill only while one runs: its login may be lost or
 * have another name. Mail that comes in never does, as everybody can write any sender.
 */
function isDrill({ account, by, sender }: MessageStart, { canary, runs }: DrillMailDeps): boolean {
  if (account === canary.account) return true;
  return by !== undefined && runs() && sender !== '' && addressKey(sender) === canary.sender;
}

/** A message of the drill: nobody reads, signs, counts or remembers it. */
class DrillPassing implements PassingMessage {
  readonly isRead = false;
  readonly isEdited = false;
  readonly #deps: DrillMailDeps;

  constructor(deps: DrillMailDeps) {
    this.#deps = deps;
  }

  header(): void {}

  body(): boolean {
    return false;
  }

  judge(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    this.#deps.judge(message, by, answer);
  }

  finish(_by: Submitter['by'] | undefined, done: Parameters<PassingMessage['finish']>[1]): void {
    done([]);
  }

  drop(): void {}
}

/**
 * Finds the lines of the mail log that are about a drill. Mail that the canary's login sent while
 * no drill runs is real: somebody else has the password, and the guard was not asked.
 */
export class DrillLog {
  readonly #canary: Canary;
  readonly #runs: () => boolean;
  readonly #ids = new Set<string>();

  constructor({ canary, runs }: Pick<DrillMailDeps, 'canary' | 'runs'>) {
    this.#canary = canary;
    this.#runs = runs;
  }

  /** True if the event is about the canary or its mail. */
  isOurs(event: LogEvent): boolean {
    const { account, sender } = this.#canary;
    if (event.kind === 'login' || event.kind === 'mismatch') return event.account === account;
    if (event.kind === 'proxied') return event.login === account;
    const entered = event.kind === 'entered' && event.login === account && this.#runs();
    if (entered) this.#note(event.queueId);
    // Its login may have another name here: that is a broken link, but no real mail.
    const fromCanary = event.kind === 'queued' && event.sender === sender && this.#runs();
    if (fromCanary) this.#note(event.queueId);
    if (!('queueId' in event) || event.queueId === '') return false;
    // Postfix uses a short id again; the next message that has it is another one.
    return event.kind === 'removed'
      ? this.#ids.delete(event.queueId)
      : this.#ids.has(event.queueId);
  }

  /** The milter door has shown a message of the drill, or it was found in the queue. */
  judged(queueId: string): void {
    if (queueId !== '') this.#note(queueId);
  }

  #note(queueId: string): void {
    this.#ids.add(queueId);
    if (this.#ids.size <= idsMax) return;
    const oldest = this.#ids.values().next();
    if (oldest.done !== true) this.#ids.delete(oldest.value);
  }
}
