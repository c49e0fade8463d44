/**
 * The way of one message through Postern, in one place:
 *
 *   content begins   open the readers of both phases; headers and body go by all of them
 *   end              is it back from a filter? · scan · find the person behind a webmail · find the
 *                    script behind a local client · register of scripts · may the account write as
 *                    these authors? · gate · end the reservation of the policy door · statistics ·
 *                    notes · answer
 *   pass or hold     sign or verify: edits to the headers
 *
 * The milter door walks it for each message; what each step does is in the file of that step. In
 * the usual case all of the way runs at once: nothing here waits, and nothing makes a promise.
 */
import type { Submission } from '../core/event.ts';
import type {
  Answer,
  AuthorsSource,
  DoorOutcome,
  Finished,
  Gate,
  HeaderEdit,
  JudgedAs,
  MessageAuthors,
  MessagePath,
  MessageReader,
  MessageScan,
  MessageStart,
  PassingMessage,
  ReaderSource,
  Submitter,
} from '../ports/message.ts';
import type { DoorNotes } from './bypass/door-notes.ts';
import type { FilterReturns } from './bypass/filter-returns.ts';
import type { MessageFates } from './fate/message-fates.ts';
import type { DirectConnections } from './scripts/direct-connection.ts';
import type { Scripts } from './scripts/script-mailed.ts';
import type { Statistics } from './stats/statistics.ts';
import type { WebmailClients } from './webmail/webmail-clients.ts';

export type MessagePathDeps = {
  /** In the order in which their edits go out. */
  readonly readers: readonly ReaderSource[];
  readonly authors: AuthorsSource;
  /** Recognises mail of this machine that a filter hands back. */
  readonly returns: FilterReturns;
  readonly webmail: Pick<WebmailClients, 'known'>;
  readonly direct: Pick<DirectConnections, 'known'>;
  readonly scripts: Pick<Scripts, 'judge' | 'answered'>;
  readonly gate: Gate;
  /** The policy door's flow: a message counted here ends its reservation there. */
  readonly reservations: { counted(queueId: string): void };
  readonly statistics: Pick<Statistics, 'seen'>;
  /** Notes which messages came through the door, for the bypass meter. */
  readonly notes: Pick<DoorNotes, 'cameIn' | 'judged'>;
  /** Learns which mail of accounts here left: answers to it never wait. */
  readonly wrote: (message: Submission) => void;
  /** Remembers what became of the message. */
  readonly fates: Pick<MessageFates, 'judged'>;
  /** Milliseconds of a clock that is never set, with fractions. */
  readonly stopwatch: () => number;
  readonly observe: (name: string, value: number) => void;
};

export function openMessagePath(deps: MessagePathDeps): MessagePath {
  return {
    edits: deps.readers.some(({ phase }) => phase === 'after-judgement'),
    mayBegin: (submitter) => deps.gate.mayBegin(submitter),
    open: (start, editedAs) => new Passing(deps, start, editedAs),
  };
}

const noScans: readonly MessageScan[] = [];
const noEditors: readonly MessageReader[] = [];

class Passing implements PassingMessage {
  readonly #deps: MessagePathDeps;
  readonly #by: Submitter['by'] | undefined;
  readonly #scans: readonly MessageScan[];
  readonly #editors: readonly MessageReader[];
  /** Of mail that may be signed. */
  readonly #authors: MessageAuthors | undefined;
  #isReturned = false;
  #judgedAs: JudgedAs | undefined;
  #judgedMessage: Submission | undefined;

  constructor(deps: MessagePathDeps, start: MessageStart, editedAs: MessageStart | undefined) {
    this.#deps = deps;
    this.#by = start.by;
    if (start.by === undefined) deps.notes.cameIn(start.queueId);
    const authors = editedAs?.by === undefined ? undefined : deps.authors.open();
    this.#authors = authors;
    let scans: MessageScan[] | undefined;
    let editors: MessageReader[] | undefined;
    for (const source of deps.readers) {
      if (source.phase === 'before-judgement') {
        const scan = source.open(start);
        if (scan === undefined) continue;
        scans ??= [];
        scans.push(scan);
      } else if (editedAs !== undefined) {
        const editor = source.open(editedAs, authors);
        if (editor === undefined) continue;
        editors ??= [];
        editors.push(editor);
      }
    }
    this.#scans = scans ?? noScans;
    this.#editors = editors ?? noEditors;
  }

  get isRead(): boolean {
    return this.#editors.length > 0 || this.#scans.length > 0 || this.#authors !== undefined;
  }

  get isEdited(): boolean {
    return this.#editors.length > 0;
  }

  header(name: string, value: string): void {
    this.#authors?.header(name, value);
    for (const editor of this.#editors) editor.header(name, value);
    for (const scan of this.#scans) scan.header(name, value);
  }

  body(bytes: Buffer, start: number, end: number): boolean {
    let wanted = this.isEdited;
    for (const editor of this.#editors) editor.body(bytes, start, end);
    for (const scan of this.#scans) if (scan.body(bytes, start, end)) wanted = true;
    return wanted;
  }

  judge(
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
    step: (run: () => void) => void,
  ): void {
    if (by !== 'local') {
      this.#scan(message, by, answer, step);
      return;
    }
    const uid = message.handed?.submitter.uid;
    this.#deps.returns.isReturned({ id: message.id, uid }, (returned) => {
      step(() => {
        if (!returned) {
          this.#scan(message, by, answer, step);
          return;
        }
        // It was judged, or came in, before the filter.
        this.#isReturned = true;
        this.#deps.notes.cameIn(message.id);
        answer({ kind: 'pass' });
      });
    });
  }

  #scan(
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
    step: (run: () => void) => void,
  ): void {
    this.#scanned(0, message, (scanned) => {
      step(() => {
        this.#deps.webmail.known(scanned, by, (known) => {
          step(() => this.#registered(known, by, answer, step));
        });
      });
    });
  }

  finish(by: Submitter['by'] | undefined, done: Finished): void {
    const editors = by === this.#by && !this.#isReturned ? this.#editors : noEditors;
    const [only] = editors;
    const noted: Finished = (edits, refused, instead) => {
      const message = this.#judgedMessage;
      // A reader has discarded what was let through (flow/reflection/answers.ts).
      if (instead?.kind === 'discard' && message !== undefined) {
        this.#deps.fates.judged(message, instead);
      }
      done(edits, refused, instead);
    };
    if (only === undefined) done([]);
    else if (editors.length === 1) only.finish(noted, this.#judgedAs);
    else finishAll(editors, noted, this.#judgedAs);
  }

  drop(): void {
    for (const scan of this.#scans) scan.drop();
    for (const editor of this.#editors) editor.drop?.();
  }

  /** Shows the message to one scan after the other; each adds what it found. */
  #scanned(nth: number, message: Submission, done: (message: Submission) => void): void {
    const scan = this.#scans[nth];
    if (scan === undefined) done(message);
    else if (nth === this.#scans.length - 1) scan.finish(message, done);
    else scan.finish(message, (found) => this.#scanned(nth + 1, found, done));
  }

  /** A message of a script is compared with the register before it is judged. */
  #registered(
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
    step: (run: () => void) => void,
  ): void {
    const { direct, scripts } = this.#deps;
    const go = (known: Submission): void => this.#asked(scripts.judge(known), by, answer, step);
    direct.known(message, by, go, answer);
  }

  /** Now it is known which account it is: may it write as the authors? */
  #asked(
    message: Submission,
    by: Submitter['by'],
    answer: (answer: Answer) => void,
    step: (run: () => void) => void,
  ): void {
    if (this.#authors === undefined) this.#judged(message, by, answer);
    else {
      this.#authors.ask(message, (found) => {
        step(() => this.#judged(found, by, answer));
      });
    }
  }

  #judged(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    const { fates, gate, notes, observe, reservations, scripts, statistics, stopwatch, wrote } =
      this.#deps;
    const began = stopwatch();
    if (message.id !== '') reservations.counted(message.id);
    gate.submit(message, by, (said) => {
      observe('postern_decision_seconds', (stopwatch() - began) / 1_000);
      const what = said.kind === 'pass' ? 'passed' : 'stopped';
      statistics.seen(message, what);
      notes.judged(message);
      if (said.kind === 'pass') wrote(message);
      this.#judgedMessage = message;
      this.#judgedAs = { account: message.account, isHeld: said.kind === 'hold' };
      fates.judged(message, said);
      scripts.answered(message, what);
      answer(said);
    });
  }
}

/** Their edits go out together, in the order of the readers, when the last is ready. */
function finishAll(
  editors: readonly MessageReader[],
  done: Finished,
  judged: JudgedAs | undefined,
): void {
  const edits: (readonly HeaderEdit[])[] = editors.map(() => []);
  let refusal: string | undefined;
  let answer: DoorOutcome | undefined;
  let left = editors.length;
  editors.forEach((editor, index) => {
    editor.finish((found, refused, instead) => {
      edits[index] = found;
      refusal ??= refused;
      answer ??= instead;
      left--;
      if (left === 0) done(edits.flat(), refusal, answer);
    }, judged);
  });
}
