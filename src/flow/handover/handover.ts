/**
 * Takes mail that scripts hand over through sendmail(1): first onto our own disk, then to the mail
 * server, one message of a user after the other. When the mail server shows a message to the milter
 * door, it is recognised there. Each message goes out once, whenever Postern is ended:
 *
 * A message is tried again unless the last try surely succeeded, each try under a name of its own.
 * The try that the mail server shows first is written down before it is answered. From then on that
 * try counts, however often the mail server shows it (it does so if our answer did not reach it),
 * and every other try is discarded. What was shown is on the mail server's disk, so nothing is
 * lost.
 */
import type { Account } from '../../core/account-name.ts';
import type { ScriptSubmitter } from '../../core/script-mail.ts';
import { handoverToken } from '../../core/scripts/handover-field.ts';
import {
  type HandoverRequest,
  type ProcessFacts,
  spoolBytesMax,
} from '../../core/scripts/handover-request.ts';
import { neverMet } from '../../core/scripts/never-met.ts';
import { handedAccount } from '../../core/scripts/submitter.ts';
import { sysexits } from '../../lib/operator-error.ts';
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
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import type { HeldFull, OnTheWay } from '../account/held-full.ts';
import type { Journal } from '../journal/journal.ts';
import { HandoverQueue } from './handover-queue.ts';
import { SpoolRounds } from './spool-rounds.ts';
import type { SpoolHandler } from './spool-taken.ts';

export type HandoverDeps = {
  readonly files: HandoverFiles;
  readonly spool: Spool;
  readonly identities: Identities;
  readonly journal: Journal;
  readonly world: World;
  readonly troubles: Pick<Troubles, 'set'>;
  /** Asks the mail server to look at what it has; answers whether it runs. */
  readonly wakePickup: () => Promise<boolean>;
  /** Why a message cannot be taken now: as much of its account is held as may be. */
  readonly heldFull: HeldFull;
};

export type Handovers = HandoverHandler &
  HandoverLookup & {
    /** Takes what was left in the spool. */
    takeSpool(): Promise<void>;
    /** Starts to hand messages to the mail server. */
    start(): void;
    /** How many messages wait. */
    readonly waiting: number;
    /** Takes nothing more. Resolves when all writing, taking and handing over has ended. */
    close(): Promise<void>;
  };

/** How often it is checked whether the milter door meets what was handed in. */
const metEveryMs = 10_000;
const taken: SendmailExit = { exit: sysexits.ok, text: '' };
/** Messages of one user that may wait; a form's newsletter leaves at some dozens a second. */
const waitingPerUserMax = 1_000;
/** Bytes of one user that may wait: nobody alone may fill the disk with our state. */
const waitingBytesPerUserMax = 500_000_000;
/**
 * If this many messages of its user wait, a program gets its answer only when one of them has left,
 * or after `pacedMs`.
 */
const pacedFrom = 100;
const pacedMs = 3_000;
/** Messages of all users that may wait: what is known of each is in memory. */
const waitingMax = 20_000;
/** Rounds through the spool that run or wait: two for each user who has a message here. */
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
  readonly #perAccount = new Map<Account, OnTheWay>();
  /** Programs that wait for their answer until other messages of their user have left. */
  #paced: { readonly uid: number; readonly since: Millis; answer(): void }[] = [];
  readonly #stop: () => void;
  readonly #stopMeeting: () => void;
  /** Messages of this machine that the milter door met without Postern's field. */
  #unmarked = 0;
  readonly #rounds: SpoolRounds;
  /** Messages that are being written to the disk. */
  readonly #written = new Set<Promise<void>>();
  #closed = false;
  /** Users with a message of an earlier run that may have waited for what is in their spool. */
  readonly #unsure = new Set<number>();
  /** The try that counts for each token, while that is being written down. */
  readonly #counting = new Map<string, string>();

  constructor(deps: HandoverDeps) {
    this.#deps = deps;
    this.#rounds = new SpoolRounds(deps, this, roundsMax);
    this.#queue = new HandoverQueue({ ...deps, over: (token) => this.#over(token) });
    this.#stop = deps.world.timers.every(pacedMs / 3, () => this.#answerLate());
    this.#stopMeeting = deps.world.timers.every(metEveryMs, () => this.#tellUnmet());
    for (const { handover, state, bytes } of deps.files.list()) {
      const { token, submitter } = handover;
      this.#remember(handover, bytes);
      const wasShown = deps.journal.live.handover(token) !== undefined;
      this.#queue.add(token, submitter.uid, wasShown ? 'shown' : state);
      if (state === 'going' && submitter.proven !== 'owner') this.#unsure.add(submitter.uid);
    }
    if (this.#handovers.size > 0) {
      deps.world.log('info', 'sendmail.resumed', { waiting: this.#handovers.size });
      void deps.wakePickup();
    }
  }

  get waiting(): number {
    return this.#handovers.size;
  }

  open(peer: Peer, request: HandoverRequest): MessageIntake {
    const facts = this.#deps.identities.facts(peer);
    const submitter = this.#submitter(peer.uid, facts, request, 'kernel');
    const why = this.#deps.heldFull(
      { submitter, sender: request.sender },
      this.#perAccount.get(handedAccount(submitter, request.sender)) ?? nothingWaits,
      {
        messages: this.#perUser.get(peer.uid) ?? 0,
        bytes: this.#bytesPerUser.get(peer.uid) ?? 0,
      },
    );
    // What lies in the spool already is taken: it would stand before all that its user sends.
    const isNew = this.submitterOf(handoverToken(submitter.uid, request.id)) === undefined;
    if (why !== undefined && isNew) {
      this.#deps.world.count('postern_sendmail_refused_total', 1, 'held');
      return refused(why);
    }
    return this.#open(request, submitter);
  }

  openSpooled(uid: number, request: HandoverRequest): MessageIntake {
    return this.#open(request, this.#submitter(uid, undefined, request, 'owner'));
  }

  takeSpool(): Promise<void> {
    return this.#rounds.takeAll();
  }

  submitterOf(token: string): ScriptSubmitter | undefined {
    return (
      this.#handovers.get(token)?.submitter ?? this.#deps.journal.live.handover(token)?.submitter
    );
  }

  recognise(token: string, attempt: string, answer: (match: HandoverMatch) => void): void {
    const { files, journal } = this.#deps;
    const { clock } = this.#deps.world;
    const shown = journal.live.handover(token);
    const known = this.#counting.get(token) ?? shown?.attempt;
    if (known !== undefined && known !== attempt) {
      this.#deps.world.count('postern_sendmail_copies_total');
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
    this.#counting.set(token, attempt);
    void files
      .written(token)
      .catch(() => undefined)
      .then((written) => {
        // If it is shown again, the first time counts.
        const at = shown?.at ?? clock.now();
        const change = { token, attempt, at, submitter, sender };
        journal.commit([{ kind: 'handover', row: change }], (kept) => {
          this.#queue.seen(token, submitter.uid);
          if (!kept) this.#deps.world.log('warn', 'sendmail.not-kept', { token });
          answer({ kind: 'counts', sender, written: written ?? nothing });
        });
      });
  }

  answered(token: string): void {
    const uid = this.#handovers.get(token)?.submitter.uid;
    this.#over(token);
    // It may have been recognised before a reload of the settings.
    if (uid !== undefined) this.#queue.seen(token, uid);
  }

  #over(token: string): void {
    this.#counting.delete(token);
    this.#deps.files.remove(token);
    const handover = this.#handovers.get(token);
    if (handover === undefined) return;
    const { uid } = handover.submitter;
    this.#handovers.delete(token);
    counted(this.#perUser, uid, -1);
    const bytes = this.#bytes.get(token) ?? 0;
    counted(this.#bytesPerUser, uid, -bytes);
    this.#ofAccount(handover, -1, bytes);
    this.#bytes.delete(token);
    const next = this.#paced.findIndex((one) => one.uid === uid);
    if (next >= 0) this.#paced.splice(next, 1)[0]?.answer();
  }

  unmarked(): void {
    this.#unmarked++;
  }

  /** Tells the operator of messages that Postfix took and never showed to the milter door. */
  #tellUnmet(): void {
    const { count, forMs } = this.#queue.unmet();
    if (count === 0) this.#unmarked = 0;
    const why = count === 0 ? undefined : neverMet({ count, forMs, unmarked: this.#unmarked });
    this.#deps.troubles.set('sendmail mail never met', why);
  }

  start(): void {
    for (const uid of this.#unsure) void this.#queue.after(uid, this.#rounds.takeOf(uid));
    this.#unsure.clear();
    this.#queue.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    this.#stopMeeting();
    const handedOver = this.#queue.close();
    for (const { answer } of this.#paced.splice(0)) answer();
    await Promise.all([this.#rounds.close(), ...this.#written, handedOver]);
  }

  #answerLate(): void {
    const late = this.#deps.world.clock.now() - pacedMs;
    while ((this.#paced[0]?.since ?? Number.POSITIVE_INFINITY) <= late)
      this.#paced.shift()?.answer();
  }

  #open(request: HandoverRequest, submitter: ScriptSubmitter): MessageIntake {
    const token = handoverToken(submitter.uid, request.id);
    if (this.submitterOf(token) !== undefined) {
      // It is here already, but our answer was lost.
      return { kind: 'taken', write: () => {}, finish: (answer) => answer(taken), drop: () => {} };
    }
    if (this.#closed) return { kind: 'refused', answer: undefined };
    const ofUser = this.#perUser.get(submitter.uid) ?? 0;
    const bytesMax = submitter.proven === 'owner' ? spoolBytesMax : waitingBytesPerUserMax;
    const full = (this.#bytesPerUser.get(submitter.uid) ?? 0) >= bytesMax;
    if (full || ofUser >= waitingPerUserMax || this.#handovers.size >= waitingMax) {
      this.#deps.world.count('postern_sendmail_refused_total', 1, 'waiting');
      return refused('too many messages wait for delivery');
    }
    const { claim: _, ...rest } = request;
    const handover: WaitingMail = {
      token,
      at: this.#deps.world.clock.now(),
      submitter,
      request: rest,
    };
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
          this.#deps.world.count('postern_sendmail_messages_total', 1, submitter.proven);
          this.#remember(handover, length);
          const goes = (): void => this.#queue.add(token, submitter.uid, 'new');
          // What this user left in the spool came earlier.
          if (submitter.proven === 'owner') goes();
          else void this.#rounds.takeOf(submitter.uid).then(goes, goes);
          const told = (): void => answer(taken);
          if (submitter.proven === 'owner' || ofUser < pacedFrom || this.#closed) told();
          else this.#paced.push({ uid: submitter.uid, since: handover.at, answer: told });
        });
      },
    };
  }

  #unwritten(cause: unknown): void {
    this.#deps.world.count('postern_sendmail_refused_total', 1, 'disk');
    this.#deps.world.log('error', 'sendmail.not-written', { why: String(cause) });
  }

  #remember(handover: WaitingMail, bytes: number): void {
    const { uid } = handover.submitter;
    this.#handovers.set(handover.token, handover);
    this.#bytes.set(handover.token, bytes);
    counted(this.#perUser, uid, 1);
    counted(this.#bytesPerUser, uid, bytes);
    this.#ofAccount(handover, 1, bytes);
  }

  #ofAccount({ request, submitter }: WaitingMail, sign: 1 | -1, bytes: number): void {
    const account = handedAccount(submitter, request.sender);
    const before = this.#perAccount.get(account) ?? nothingWaits;
    const messages = before.messages + sign;
    if (messages <= 0) this.#perAccount.delete(account);
    else this.#perAccount.set(account, { messages, bytes: before.bytes + sign * bytes });
  }

  /** Who submits, as the kernel says. What only root may see, the process says about itself. */
  #submitter(
    uid: number,
    facts: ProcessFacts | undefined,
    { claim, phpScript }: HandoverRequest,
    proven: ScriptSubmitter['proven'],
  ): ScriptSubmitter {
    const said = facts === undefined ? claim : merged(facts, claim);
    const { identities } = this.#deps;
    const known = said ?? { ...unknown, uid, pid: facts?.pid ?? 0 };
    const hinted = identities.hinted(known, phpScript);
    // Shows whether the script is the user's own.
    const scriptOwner = hinted.script === '' ? undefined : identities.ownerOf(hinted.script);
    // A file that does not exist is no script: its name would only be a new name.
    const none = { script: '', how: 'none' } as const;
    const told = scriptOwner === undefined ? { ...hinted, ...none } : hinted;
    return { ...told, uid, user: identities.user(uid).name, proven, scriptOwner };
  }
}

function counted(counts: Map<number, number>, uid: number, more: number): void {
  const left = (counts.get(uid) ?? 0) + more;
  if (left > 0) counts.set(uid, left);
  else counts.delete(uid);
}

const nothing = { header: [], bodyStart: Buffer.alloc(0) };
const nothingWaits: OnTheWay = { messages: 0, bytes: 0 };
const unknown: Omit<ProcessFacts, 'uid' | 'pid'> = {
  executable: '',
  cwd: '',
  script: '',
  how: 'none',
  parents: [],
};

/**
 * The facts from the kernel. Where it hides facts about another user's process, the process's own
 * claim fills the gap.
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
