/**
 * Queues messages for one scanner. A limited number are scanned at once, the others wait, none
 * longer than the deadline.
 *
 *   up ──failures in a row──▶ down ──a test message is scanned──▶ up
 *
 * While the scanner is down no message waits: Postern finds out with test messages of its own
 * whether the scanner is back. A message also does not begin to wait if the wait would be longer
 * than the deadline.
 *
 * Mail of strangers comes after that of accounts here, and leaves one connection free for it if
 * there is more than one. So strangers who send much cannot make the mail of accounts leave
 * unscanned.
 */
import type { ScannerName, ScanReport, Silence } from '../../core/scan/report.ts';
import { TooLargeError } from '../../core/scan/too-large.ts';
import { faultText } from '../../lib/error-text.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { Scanner } from '../../ports/scan.ts';
import type { World } from '../../ports/world.ts';

export type QueueAnswer =
  | { readonly kind: 'report'; readonly report: ScanReport }
  | { readonly kind: 'silence'; readonly why: Silence };

export type ScannerQueueDeps = {
  readonly scanner: Scanner;
  /** Scans at once: spamd has five children by default. */
  readonly connections: number;
  readonly deadlineMs: number;
  readonly world: World;
  readonly onState: (scanner: ScannerName, state: 'up' | 'down') => void;
};

/** Failures in a row after which a scanner counts as down. */
const failuresMax = 3;
/** Times between two test messages, at first and at most. */
const retryFirstMs = 2 * secondMs;
const retryMostMs = minuteMs;
const trialMs = 5 * secondMs;
const tickMs = 250;
/** Messages that wait: as many as the milter door has sessions. */
const waitingMax = 2_000;
/** The weight of the newest scan in the mean time of a scan. */
const newestShare = 0.1;

/** The first one is served first. */
const lanes: readonly Lane[] = ['account', 'stranger'];

const testMessage = Buffer.from(
  'From: postern@localhost\r\nTo: postern@localhost\r\nSubject: Are you there?\r\n' +
    'Message-ID: <trial@postern.invalid>\r\n\r\n' +
    'This is how Postern finds out that its scanner is back.\r\n',
);

/** Whose mail is scanned: that of an account here, or mail that comes in. */
type Lane = 'account' | 'stranger';
type Waiting = {
  readonly octets: Buffer;
  readonly since: number;
  readonly done: (heard: QueueAnswer) => void;
};

export class ScannerQueue {
  readonly #deps: ScannerQueueDeps;
  readonly #stopTicks: () => void;
  #waiting: Readonly<Record<Lane, Waiting[]>> = { account: [], stranger: [] };
  #running = 0;
  #failures = 0;
  #meanMs = 0;
  #down = false;
  /** The log says once for each start or reload that the scanner refused a message for its size. */
  #toldSize = false;
  #trying = false;
  #retryAt = 0;
  #retryMs = retryFirstMs;

  constructor(deps: ScannerQueueDeps) {
    this.#deps = deps;
    this.#stopTicks = deps.world.timers.every(tickMs, () => this.#tick());
    deps.onState(this.name, 'up');
  }

  get name(): ScannerName {
    return this.#deps.scanner.name;
  }

  get isDown(): boolean {
    return this.#down;
  }

  get octetsMax(): number {
    return this.#deps.scanner.octetsMax;
  }

  /** Has the message scanned. Calls back exactly once; at once if the scanner is not asked. */
  ask(octets: Buffer, done: (heard: QueueAnswer) => void, lane: Lane = 'account'): void {
    const { connections, deadlineMs, world } = this.#deps;
    if (this.#down) {
      done(silence('down'));
      return;
    }
    const one = { octets, since: world.clock.now(), done };
    const { account, stranger } = this.#waiting;
    const before = account.length + (lane === 'stranger' ? stranger.length : 0);
    const expectedMs = (this.#meanMs * (before + 1)) / connections;
    if (this.#running < this.#startsBelow(lane)) this.#start(one);
    else if (this.#waiting[lane].length >= waitingMax || expectedMs > deadlineMs) {
      done(silence('busy'));
    } else this.#waiting[lane].push(one);
  }

  /** Asks the scanner no more; scans that are under way still answer. */
  close(): void {
    this.#stopTicks();
    this.#down = true;
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.#release('down');
    if (this.#running === 0) this.#deps.scanner.close();
  }

  /** A scan of this lane starts while fewer are running. */
  #startsBelow(lane: Lane): number {
    const { connections } = this.#deps;
    return lane === 'account' ? connections : Math.max(1, connections - 1);
  }

  #ended(): void {
    this.#running--;
    const isClosed = this.#retryAt === Number.POSITIVE_INFINITY;
    if (isClosed && this.#running === 0) this.#deps.scanner.close();
  }

  #start({ octets, since, done }: Waiting): void {
    const { scanner, deadlineMs, world } = this.#deps;
    const { clock } = world;
    const began = clock.now();
    const leftMs = Math.max(1, deadlineMs - Math.max(0, began - since));
    this.#running++;
    scanner.scan(octets, leftMs).then(
      (report) => {
        this.#ended();
        this.#failures = 0;
        const tookMs = Math.min(deadlineMs, Math.max(0, clock.now() - began));
        this.#meanMs += (tookMs - this.#meanMs) * (this.#meanMs === 0 ? 1 : newestShare);
        this.#next();
        done({ kind: 'report', report });
      },
      (cause: unknown) => {
        this.#ended();
        if (cause instanceof TooLargeError) {
          this.#refused(cause, octets.length);
          this.#next();
          done(silence('too-big'));
          return;
        }
        // A message that had waited long in this queue says little about the scanner.
        if (leftMs >= deadlineMs / 2) this.#failed(cause);
        this.#next();
        done(silence('failed'));
      },
    );
  }

  /** The scanner works, and does not take a message of this size. */
  #refused(cause: TooLargeError, octets: number): void {
    this.#failures = 0;
    if (this.#toldSize) return;
    this.#toldSize = true;
    const { log } = this.#deps.world;
    log('warn', 'scan.too-big', { scanner: this.name, octets, why: faultText(cause) });
  }

  #next(): void {
    for (const lane of lanes) {
      while (this.#running < this.#startsBelow(lane)) {
        const one = this.#waiting[lane].shift();
        if (one === undefined) break;
        this.#start(one);
      }
    }
  }

  #failed(cause: unknown): void {
    this.#failures++;
    if (this.#failures < failuresMax || this.#down) return;
    const { onState, world } = this.#deps;
    const { clock, log } = world;
    this.#down = true;
    this.#retryMs = retryFirstMs;
    this.#retryAt = clock.now() + this.#retryMs;
    log('error', 'scan.down', { scanner: this.name, why: faultText(cause) });
    onState(this.name, 'down');
    this.#release('down');
  }

  #release(why: Silence): void {
    for (const lane of lanes) {
      for (const { done } of this.#waiting[lane].splice(0)) done(silence(why));
    }
  }

  #tick(): void {
    const now = this.#deps.world.clock.now();
    if (this.#down) {
      // After the clock was set back, the scanner must not count as down for hours.
      if (this.#retryAt - now > this.#retryMs && this.#retryAt !== Number.POSITIVE_INFINITY) {
        this.#retryAt = now + this.#retryMs;
      }
      if (!this.#trying && now >= this.#retryAt) this.#try();
      return;
    }
    // Late ones are not always the first: the clock may have been set back while they waited.
    const isLate = ({ since }: Waiting): boolean => now - since >= this.#deps.deadlineMs;
    const { account, stranger } = this.#waiting;
    const late = [...account, ...stranger].filter(isLate);
    if (late.length === 0) return;
    const left = (one: Waiting): boolean => !isLate(one);
    this.#waiting = { account: account.filter(left), stranger: stranger.filter(left) };
    for (const { done } of late) done(silence('late'));
  }

  #try(): void {
    const { scanner, deadlineMs, onState, world } = this.#deps;
    const { clock, log } = world;
    this.#trying = true;
    scanner.scan(testMessage, Math.min(deadlineMs, trialMs)).then(
      () => {
        this.#trying = false;
        if (this.#retryAt === Number.POSITIVE_INFINITY) return;
        this.#down = false;
        this.#failures = 0;
        log('info', 'scan.up', { scanner: this.name });
        onState(this.name, 'up');
      },
      () => {
        this.#trying = false;
        this.#retryMs = Math.min(retryMostMs, this.#retryMs * 2);
        this.#retryAt = Math.max(this.#retryAt, clock.now() + this.#retryMs);
      },
    );
  }
}

function silence(why: Silence): QueueAnswer {
  return { kind: 'silence', why };
}
