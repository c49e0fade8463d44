/**
 * Mail that was handed in by sendmail(1): on our disk first, then to the mail server, one message
 * of a user after the other, and known again when the mail server shows it to the milter door. Each
 * goes out once, whenever we are ended:
 *
 * A message whose try did not surely succeed is tried again, each try under a name of its own.
 * Which try the mail server shows us first is written down before it is answered: that one counts
 * from then on, as often as the mail server may show it (it does so when our answer did not reach
 * it), and every other try vanishes. Whatever was shown is on the mail server's disk, so nothing is
 * lost by that.
 */

import type { ScriptSubmitter } from '../../core/script-mail.ts';
import { handoverToken } from '../../core/scripts/handover-field.ts';
import type { HandoverRequest, ProcessFacts } from '../../core/scripts/handover-request.ts';
import { sysexits } from '../../lib/operator-error.ts';
import { SerialQueue } from '../../lib/serial.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  HandoverDraft,
  HandoverFiles,
  HandoverHandler,
  HandoverLookup,
  HandoverMatch,
  Identities,
  MessageIntake,
  Peer,
  SendmailExit,
  Spool,
  WaitingMail,
} from '../../ports/handover.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import type { Journal, Timers } from '../journal/journal.ts';
import { HandoverQueue } from './handover-queue.ts';
import { type SpoolHandler, takeSpool } from './spool-taken.ts';

export type HandoverDeps = {
  readonly files: HandoverFiles;
  readonly spool: Spool;
  readonly identities: Identities;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly count: Count;
  /** The mail server is to look for what was handed to it. */
  readonly wakePickup: () => Promise<boolean>;
};

export type Handovers = HandoverHandler &
  HandoverLookup & {
    /** Takes what was left in the spool. */
    takeSpool(): Promise<void>;
    /** Begins to hand over. */
    start(): void;
    /** Messages that wait. */
    readonly waiting: number;
    /**
     * Takes nothing more. Resolves when nothing is being written, taken or handed over any more.
     */
    close(): Promise<void>;
  };

const taken: SendmailExit = { exit: sysexits.ok, text: '' };
/** Of one user, waiting: a newsletter of a form goes at some dozens a second. */
const waitingPerUserMax = 1_000;
/** They lie on the disk of our own state, which nobody may fill by himself. */
const waitingBytesPerUserMax = 500_000_000;
/**
 * From so many on, a program hears that its message is here when one of the same user has left, or
 * after this long.
 */
const pacedFrom = 100;
const pacedMs = 3_000;
/**
 * Users whose spooled messages are taken at once: one who left a thousand keeps nobody else's
 * waiting.
 */
const takenAtOnce = 8;
/** Of all: each is held in memory, less the message. */
const waitingMax = 20_000;
/** Rounds through the spool that may wait: one for each message, and those of the timer. */
const roundsMax = 2 * waitingMax;

export function openHandovers(deps: HandoverDeps): Handovers {
  return new HandoverFlow(deps);
}

class HandoverFlow implements Handovers, SpoolHandler {
  readonly #deps: HandoverDeps;
  readonly #queue: HandoverQueue;
  readonly #handovers = new Map<string, WaitingMail>();
  readonly #perUser = new Map<number, number>();
  readonly #bytesPerUser = new Map<number, number>();
  readonly #bytes = new Map<string, number>();
  /** Programs that wait for their answer, since others of their user are to leave first. */
  #paced: { readonly uid: number; readonly since: Millis; answer(): void }[] = [];
  readonly #stop: () => void;
  /** Of each user, one round through what he left after the other; nobody waits for another's. */
  readonly #rounds = new SerialQueue<number>(roundsMax);
  /** Messages on their way to the disk. */
  readonly #written = new Set<Promise<void>>();
  #closed = false;
  /** Being written down: the first try counts. */
  readonly #claimed = new Map<string, string>();

  constructor(deps: HandoverDeps) {
    this.#deps = deps;
    this.#queue = new HandoverQueue({ ...deps, over: (token) => this.#over(token) });
    this.#stop = deps.timers.every(pacedMs / 3, () => this.#letGo());
    for (const { handover, state, bytes } of deps.files.list()) {
      const { token, submitter } = handover;
      this.#remember(handover, bytes);
      const wasShown = deps.journal.live.handover(token) !== undefined;
      this.#queue.add(token, submitter.uid, wasShown ? 'shown' : state);
    }
    if (this.#handovers.size > 0) {
      deps.log('info', 'sendmail.resumed', { waiting: this.#handovers.size });
      void deps.wakePickup();
    }
  }

  get waiting(): number {
    return this.#handovers.size;
  }

  open(peer: Peer, request: HandoverRequest): MessageIntake {
    const facts = this.#deps.identities.facts(peer);
    return this.#open(request, this.#submitter(peer.uid, facts, request, 'kernel'));
  }

  openSpooled(uid: number, request: HandoverRequest): MessageIntake {
    return this.#open(request, this.#submitter(uid, undefined, request, 'owner'));
  }

  async takeSpool(): Promise<void> {
    const users = await this.#deps.spool.users().catch((cause: unknown) => {
      this.#deps.log('error', 'sendmail.spool-unread', { why: String(cause) });
      return [];
    });
    const left = users.values();
    const worker = async (): Promise<void> => {
      for (const uid of left) await this.#takeOf(uid);
    };
    await Promise.all(Array.from({ length: takenAtOnce }, worker));
  }

  #takeOf(uid: number): Promise<void> {
    const { spool, log } = this.#deps;
    return this.#rounds.run(uid, () => takeSpool({ spool, handler: this, log, uid }));
  }

  submitterOf(token: string): ScriptSubmitter | undefined {
    return (
      this.#handovers.get(token)?.submitter ?? this.#deps.journal.live.handover(token)?.submitter
    );
  }

  recognise(token: string, attempt: string, answer: (match: HandoverMatch) => void): void {
    const { files, journal, clock } = this.#deps;
    const shown = journal.live.handover(token);
    const known = this.#claimed.get(token) ?? shown?.attempt;
    if (known !== undefined && known !== attempt) {
      this.#deps.count('postern_sendmail_copies_total');
      answer({ kind: 'copy' });
      return;
    }
    const row = this.#handovers.get(token) ?? shown;
    if (row === undefined) {
      answer({ kind: 'unknown' });
      return;
    }
    const { submitter } = row;
    const sender = 'request' in row ? row.request.sender : row.sender;
    this.#claimed.set(token, attempt);
    void files
      .written(token)
      .catch(() => undefined)
      .then((written) => {
        // Shown again: it counts from the first time.
        const at = shown?.at ?? clock.now();
        const change = { token, attempt, at, submitter, sender };
        journal.commit([{ kind: 'handover', row: change }], (kept) => {
          this.#queue.seen(token, submitter.uid);
          if (!kept) this.#deps.log('warn', 'sendmail.not-kept', { token });
          answer({ kind: 'counts', sender, written: written ?? nothing });
        });
      });
  }

  answered(token: string): void {
    const uid = this.#handovers.get(token)?.submitter.uid;
    this.#over(token);
    // It may have been met before a reload of the settings.
    if (uid !== undefined) this.#queue.seen(token, uid);
  }

  #over(token: string): void {
    this.#claimed.delete(token);
    this.#deps.files.remove(token);
    const handover = this.#handovers.get(token);
    if (handover === undefined) return;
    const { uid } = handover.submitter;
    this.#handovers.delete(token);
    counted(this.#perUser, uid, -1);
    counted(this.#bytesPerUser, uid, -(this.#bytes.get(token) ?? 0));
    this.#bytes.delete(token);
    const next = this.#paced.findIndex((one) => one.uid === uid);
    if (next >= 0) this.#paced.splice(next, 1)[0]?.answer();
  }

  start(): void {
    this.#queue.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    const handedOver = this.#queue.close();
    for (const { answer } of this.#paced.splice(0)) answer();
    await Promise.all([this.#rounds.idle(), ...this.#written, handedOver]);
  }

  #letGo(): void {
    const late = this.#deps.clock.now() - pacedMs;
    while ((this.#paced[0]?.since ?? Number.POSITIVE_INFINITY) <= late)
      this.#paced.shift()?.answer();
  }

  #open(request: HandoverRequest, submitter: ScriptSubmitter): MessageIntake {
    const token = handoverToken(submitter.uid, request.id);
    if (this.submitterOf(token) !== undefined) {
      // Its answer was lost on the way: it is here already.
      return { kind: 'taken', write: () => {}, finish: (answer) => answer(taken), drop: () => {} };
    }
    if (this.#closed) return { kind: 'refused', answer: undefined };
    const ofUser = this.#perUser.get(submitter.uid) ?? 0;
    const full = (this.#bytesPerUser.get(submitter.uid) ?? 0) >= waitingBytesPerUserMax;
    if (full || ofUser >= waitingPerUserMax || this.#handovers.size >= waitingMax) {
      this.#deps.count('postern_sendmail_refused_total', 1, 'waiting');
      return refused('too many messages wait for delivery');
    }
    const { claim: _, ...rest } = request;
    const handover: WaitingMail = { token, at: this.#deps.clock.now(), submitter, request: rest };
    let length = 0;
    let draft: HandoverDraft;
    try {
      draft = this.#deps.files.begin(handover);
    } catch (cause) {
      this.#unwritten(cause);
      return { kind: 'refused', answer: undefined };
    }
    return {
      kind: 'taken',
      write: (bytes) => {
        length += bytes.length;
        draft.write(bytes);
      },
      drop: () => draft.drop(),
      finish: (answer) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#written.add(promise);
        draft.finish((fault) => {
          this.#written.delete(promise);
          resolve();
          if (fault !== undefined) {
            this.#unwritten(fault);
            answer(undefined);
            return;
          }
          this.#deps.count('postern_sendmail_messages_total', 1, submitter.proven);
          this.#remember(handover, length);
          const goes = (): void => this.#queue.add(token, submitter.uid, 'new');
          // What this user left in the spool came before.
          if (submitter.proven === 'owner') goes();
          else void this.#takeOf(submitter.uid).then(goes, goes);
          const told = (): void => answer(taken);
          if (submitter.proven === 'owner' || ofUser < pacedFrom || this.#closed) told();
          else this.#paced.push({ uid: submitter.uid, since: handover.at, answer: told });
        });
      },
    };
  }

  #unwritten(cause: unknown): void {
    this.#deps.count('postern_sendmail_refused_total', 1, 'disk');
    this.#deps.log('error', 'sendmail.not-written', { why: String(cause) });
  }

  #remember(handover: WaitingMail, bytes: number): void {
    const { uid } = handover.submitter;
    this.#handovers.set(handover.token, handover);
    this.#bytes.set(handover.token, bytes);
    counted(this.#perUser, uid, 1);
    counted(this.#bytesPerUser, uid, bytes);
  }

  /** What the kernel tells; where only root may look, what the process says of itself. */
  #submitter(
    uid: number,
    facts: ProcessFacts | undefined,
    { claim, phpScript }: HandoverRequest,
    proven: ScriptSubmitter['proven'],
  ): ScriptSubmitter {
    const said = facts === undefined ? claim : merged(facts, claim);
    const { identities } = this.#deps;
    const known = said ?? { ...unknown, uid, pid: facts?.pid ?? 0 };
    const told = identities.hinted(known, phpScript);
    return {
      ...told,
      uid,
      user: identities.user(uid).name,
      proven,
      // By that, a script is somebody's own.
      scriptOwner: told.script === '' ? undefined : identities.ownerOf(told.script),
    };
  }
}

function counted(counts: Map<number, number>, uid: number, more: number): void {
  const left = (counts.get(uid) ?? 0) + more;
  if (left > 0) counts.set(uid, left);
  else counts.delete(uid);
}

const nothing = { header: [], bodyStart: Buffer.alloc(0) };
const unknown: Omit<ProcessFacts, 'uid' | 'pid'> = {
  executable: '',
  cwd: '',
  script: '',
  how: 'none',
  parents: [],
};

/**
 * The kernel's word first: what it does not tell us of another user's process, that process says of
 * itself.
 */
function merged(facts: ProcessFacts, claim: ProcessFacts | undefined): ProcessFacts {
  if (facts.cwd !== '' || claim === undefined) return facts;
  const names = new Map(claim.parents.map(({ pid, executable }) => [pid, executable]));
  return {
    ...claim,
    ...(facts.script === '' ? {} : { script: facts.script, how: facts.how }),
    pid: facts.pid,
    parents: facts.parents.map((one) => ({
      ...one,
      executable: one.executable === '' ? (names.get(one.pid) ?? '') : one.executable,
    })),
  };
}

function refused(text: string): MessageIntake & { readonly kind: 'refused' } {
  return { kind: 'refused', answer: { exit: sysexits.tempFail, text } };
}
