/**
 * The guard's part of `postern drill`. The command sends the canary's mail through the submission
 * port and asks; the guard answers that mail as a hijacked account's, suspends the canary, and says
 * what happened.
 *
 *   begin ──▶ mail passes or is held, by its recipient ──▶ suspend ──▶ release ──▶ end
 *     └────────── nobody asks for some seconds: end ──────────────────────────────▶┘
 *
 * Whatever happens to the command, the guard removes what is left of the drill. What an earlier
 * guard left is removed at the start.
 */
import type { Submission } from '../../core/event.ts';
import { faultText } from '../../lib/error-text.ts';
import { SerialQueue } from '../../lib/serial.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import type {
  CanaryLogLine,
  CanaryTraces,
  DrillAdmin,
  DrillAnswer,
  DrillMessage,
  DrillView,
} from '../../ports/drill/drill.ts';
import type { Answer, LogHandler, Submitter } from '../../ports/message.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import {
  type Canary,
  DrillLog,
  type DrillMailDeps,
  drillVerdict,
  onlySinks,
} from './drill-mail.ts';
import { drillNotice } from './drill-notice.ts';
import { canaryTraces, removeLeftovers } from './leftovers.ts';
import { NoticeTrail } from './notice-trail.ts';
import { openShadow, type Shadow, type ShadowDeps } from './shadow.ts';

export type DrillDeps = ShadowDeps & {
  readonly canary: Canary;
  /** Of the guard itself: the audit trail knows each drill. */
  readonly journal: Pick<Journal, 'add'>;
  readonly notices: Pick<Notices, 'now' | 'channels'>;
};

/** The command asks each second while it runs. */
const silentMs = 10 * secondMs;
const lookEveryMs = 2 * secondMs;
/** A drill sends two messages. */
const messagesMax = 20;
const workMax = 100;

type Session = {
  readonly token: string;
  readonly by: string;
  readonly shadow: Shadow;
  readonly messages: DrillMessage[];
  readonly logged: CanaryLogLine[];
  suspended: boolean;
  askedAt: Millis;
};

export class Drill implements DrillAdmin {
  readonly mail: DrillMailDeps;
  readonly #deps: DrillDeps;
  readonly #log: DrillLog;
  readonly #lock = new SerialQueue<'drill'>(workMax);
  readonly #stop: () => void;
  #session: Session | undefined;
  /** Of the last notice by mail: it is delivered when the drill has ended. */
  #notice: NoticeTrail | undefined;

  constructor(deps: DrillDeps) {
    this.#deps = deps;
    this.mail = {
      canary: deps.canary,
      runs: () => this.#session !== undefined,
      judge: (message, by, answer) => this.#judge(message, by, answer),
    };
    this.#log = new DrillLog(this.mail);
    this.#stop = deps.world.timers.every(lookEveryMs, () => this.#look());
    void this.#locked(() => this.#clean());
  }

  get channels(): readonly string[] {
    return this.#deps.notices.channels;
  }

  begin(by: string): Promise<DrillAnswer> {
    return this.#locked(async () => {
      const running = this.#session;
      if (running !== undefined) {
        const text = `another drill runs, begun by ${running.by}`;
        return { ok: false, text, hint: 'try again in 10 seconds; or: postern drill run --undo' };
      }
      const left = await this.#clean();
      const { clock, newId } = this.#deps.world;
      const token = newId()
        .toLowerCase()
        .replace(/[^a-z0-9]/g, '')
        .slice(0, 16);
      this.#session = {
        token,
        by,
        shadow: openShadow(this.#deps),
        messages: [],
        logged: [],
        suspended: false,
        askedAt: clock.now(),
      };
      this.#deps.world.log('info', 'drill.begun', { by });
      const row = { at: clock.now(), by, action: 'drill', detail: 'began; see postern drill last' };
      this.#deps.journal.add({
        kind: 'audit',
        row: { ...row, account: this.#deps.canary.account },
      });
      return { ok: true, count: left.length, text: left.join('; ') };
    });
  }

  view(): DrillView {
    const session = this.#session;
    const now = this.#deps.world.clock.now();
    const { account } = this.#deps.canary;
    const notice = this.#notice?.view;
    if (session === undefined) return { ...nothing, account, now, notice };
    session.askedAt = now;
    const { enforced, faults } = session.shadow;
    return {
      token: session.token,
      account,
      now,
      messages: session.messages,
      logged: session.logged,
      suspended: session.suspended,
      enforced: enforced !== undefined,
      loginClosed: enforced?.loginClosed ?? false,
      notice,
      faults,
    };
  }

  async traces(): Promise<CanaryTraces> {
    this.view();
    return canaryTraces(this.#leftovers);
  }

  /** Under the lock: an end that comes meanwhile must not miss what this has closed. */
  suspend(): Promise<DrillAnswer> {
    return this.#locked(async () => {
      const session = this.#session;
      if (session === undefined) return noDrill;
      const done = await session.shadow.suspend(this.#deps.canary.account);
      session.suspended = done.ok;
      return done;
    });
  }

  release(): Promise<DrillAnswer> {
    return this.#locked(async () => {
      const session = this.#session;
      return session === undefined ? noDrill : await this.#release(session);
    });
  }

  async notice(asked: Parameters<DrillAdmin['notice']>[0]): Promise<DrillAnswer> {
    const { host, iso, notices, world } = this.#deps;
    if (!notices.channels.includes(asked.channel)) {
      return { ok: false, text: `no channel ${asked.channel} is configured` };
    }
    const id = world.newId();
    if (asked.channel === 'mail') this.#notice = new NoticeTrail(id);
    const notice = drillNotice({ ...asked, id, host, at: iso(world.clock.now()) });
    const [said] = await notices.now(notice, asked.channel);
    this.view();
    if (said?.fault === undefined) return { ok: true, count: 1, text: 'taken' };
    return { ok: false, text: said.fault };
  }

  end(): Promise<DrillAnswer> {
    return this.#locked(async () => {
      const session = this.#session;
      if (session !== undefined) await this.#close(session);
      const left = await this.#clean();
      if (left.length === 0) return { ok: true, count: 0, text: 'nothing of the drill is left' };
      return { ok: false, text: left.join('; ') };
    });
  }

  /** The reader of the mail log, with lines about the canary taken out. */
  logHandler(real: LogHandler): LogHandler {
    return {
      seen: (event) => {
        const session = this.#session;
        this.#notice?.note(event);
        if (!this.#log.isOurs(event)) {
          real.seen(event);
          return;
        }
        if (session === undefined || (event.kind !== 'entered' && event.kind !== 'queued')) return;
        const known = session.logged.some(({ queueId }) => queueId === event.queueId);
        if (known || session.logged.length >= messagesMax) return;
        const { at, queueId } = event;
        session.logged.push({ queueId, at, readAt: this.#deps.world.clock.now() });
      },
      taken: (...about) => real.taken(...about),
    };
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#locked(async () => {
      if (this.#session !== undefined) await this.#close(this.#session);
    });
  }

  get #leftovers(): Parameters<typeof removeLeftovers>[0] {
    const { canary, logins, mta, world } = this.#deps;
    const found = (queueId: string): void => this.#log.judged(queueId);
    return { canary, logins, mta, clock: world.clock, found };
  }

  #judge(message: Submission, by: Submitter['by'], answer: (answer: Answer) => void): void {
    const session = this.#session;
    const { canary } = this.#deps;
    const said =
      session === undefined ? undefined : drillVerdict(message, { canary, token: session.token });
    if (session === undefined || said === undefined || session.messages.length >= messagesMax) {
      answer(onlySinks);
      return;
    }
    const { account, id: queueId } = message;
    this.#log.judged(queueId);
    session.messages.push({ queueId, account, by, answer: said });
    if (account === canary.account) session.shadow.judged(message, said);
    answer(
      said === 'hold'
        ? { kind: 'hold', reason: 'a drill of Postern, removed when it ends' }
        : passes,
    );
  }

  #look(): void {
    const session = this.#session;
    if (session === undefined) return;
    const { clock, log } = this.#deps.world;
    // A clock that was set back ends the drill as well.
    if (Math.abs(clock.now() - session.askedAt) < silentMs) return;
    log('warn', 'drill.abandoned', { by: session.by });
    void this.end();
  }

  #release(session: Session): Promise<DrillAnswer> {
    session.suspended = false;
    return session.shadow.release(this.#deps.canary.account);
  }

  async #close(session: Session): Promise<void> {
    if (session.suspended) await this.#release(session);
    await session.shadow.close();
    if (this.#session === session) this.#session = undefined;
    this.#deps.world.log('info', 'drill.ended', { by: session.by });
  }

  async #clean(): Promise<readonly string[]> {
    const left = await removeLeftovers(this.#leftovers);
    for (const why of left) this.#deps.world.log('warn', 'drill.left', { why });
    return left;
  }

  /** One step at a time begins, ends or cleans. Never rejects. */
  #locked(work: () => Promise<DrillAnswer | unknown>): Promise<DrillAnswer> {
    return this.#lock.run('drill', work).then(
      (done) => (isResult(done) ? done : { ok: true, count: 0, text: '' }),
      (error: unknown) => ({ ok: false, text: faultText(error) }),
    );
  }
}

function isResult(value: unknown): value is DrillAnswer {
  return typeof value === 'object' && value !== null && 'ok' in value;
}

const nothing: Omit<DrillView, 'account' | 'now' | 'notice'> = {
  token: '',
  messages: [],
  logged: [],
  suspended: false,
  enforced: false,
  loginClosed: false,
  faults: [],
};
const noDrill: DrillAnswer = { ok: false, text: 'no drill runs' };
const passes: Answer = { kind: 'pass' };
