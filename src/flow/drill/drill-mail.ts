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
/** While a drill runs. */
export const onlyToSink: Answer = {
  kind: 'reply',
  code: 550,
  enhanced: '5.7.1',
  text: 'This account sends only to the sink of a drill',
};

export function isSink(address: string): boolean {
  return address.endsWith(`@${sinkDomain}`);
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
 * Requests of the policy protocol about the canary pass uncounted while a drill runs, to the sink
 * alone. Where Postfix asks only this door, nothing else would stop a thief of its password.
 */
export function drillPolicy(real: PolicyHandler, deps: DrillMailDeps): PolicyHandler {
  return {
    ask(connection, request, answer) {
      const { account, recipient } = request;
      if (account !== deps.canary.account) return real.ask(connection, request, answer);
      if (!deps.runs()) return answer(onlyDrills);
      // RCPT names each recipient; a request of another stage may name none.
      answer(recipient === '' || isSink(recipient) ? { kind: 'pass' } : onlyToSink);
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

/** Finds the lines of the mail log that are about the canary. */
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
    if (event.kind === 'entered' && event.login === account) this.#note(event.queueId);
    // Its login may have another name here: that is a broken link, but no real mail.
    const fromCanary = event.kind === 'queued' && event.sender === sender && this.#runs();
    if (fromCanary) this.#note(event.queueId);
    return 'queueId' in event && event.queueId !== '' && this.#ids.has(event.queueId);
  }

  /** The milter door has shown a message of the drill. */
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
