/**
 * Messages of programs in a small world: a disk, a ledger, a spool, and a mail server that keeps
 * what it was given and shows it until it is answered. Everything happens in an order from a seed,
 * and we are ended at any moment: each message is taken by the mail server once. A run that fails
 * names its seed.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { HandoverRequest } from '../../core/scripts/handover-request.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  HandoverDraft,
  HandoverRow,
  SendOutcome,
  SpooledMessage,
  SpoolFile,
  WaitingMail,
} from '../../ports/handover.ts';
import type { Change } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';
import { type Handovers, openHandovers } from './handover.ts';

type Event = { readonly what: string; readonly epoch: number | undefined; run(): void };
type Copy = { readonly token: string; readonly attempt: string };

function request(nth: number): HandoverRequest {
  const id = `${String(1_700_000_000_000 + nth)}-${String(nth).padStart(32, '0')}`;
  const claim = undefined;
  const nobody = { fullName: undefined, through: [], crlf: false, phpScript: '', claim };
  return {
    id,
    sender: 'a@x.example',
    recipients: ['b@y.example'],
    headerRecipients: false,
    ...nobody,
  };
}

class World {
  readonly disk = new Map<
    string,
    { handover: WaitingMail; state: 'going' | 'sent'; attempt: string }
  >();
  readonly ledger = new Map<string, HandoverRow>();
  readonly spool = new Map<string, { readonly uid: number; readonly request: HandoverRequest }>();
  maildrop: Copy[] = [];
  /** What the mail server took on: the tokens, in order. */
  readonly taken: string[] = [];
  readonly answers = { refused: 0, copies: 0 };
  events: Event[] = [];
  epoch = 0;
  now = 1_800_000_000_000;
  attempts = 0;
  /** Share of tries that the mail server's own sendmail refuses. */
  refusing = 0;
  ticks: (() => void)[] = [];
  handler: Handovers;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.handler = this.#start();
  }

  /** Later, in any order. `ours`: not if we are ended before. */
  soon(what: string, run: () => void, whose: 'ours' | 'theirs' = 'ours'): void {
    this.events.push({ what, epoch: whose === 'ours' ? this.epoch : undefined, run });
  }

  crash(): void {
    this.epoch++;
    this.events = this.events.filter(({ epoch }) => epoch === undefined);
    this.ticks = [];
    this.handler = this.#start();
  }

  async step(): Promise<void> {
    this.now += 100;
    const at = Math.floor(this.#random() * this.events.length);
    const [event] = this.events.splice(at, 1);
    if (event !== undefined && (event.epoch ?? this.epoch) === this.epoch) event.run();
    // Promises of ours go on.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #start(): Handovers {
    const { epoch } = this;
    const alive = (): boolean => this.epoch === epoch;
    const handler = openHandovers({
      files: {
        begin: (handover) => this.#draft(handover, alive),
        list: () =>
          [...this.disk.values()]
            .map((one) => ({ ...one, bytes: 500 }))
            .sort((a, b) => (a.handover.request.id < b.handover.request.id ? -1 : 1)),
        send: (token, how) => this.#send(token, how),
        written: async () => undefined,
        remove: (token) => void (alive() && this.disk.delete(token)),
      },
      spool: {
        users: async () => [...new Set([...this.spool.values()].map(({ uid }) => uid))],
        trim: async () => ({ files: 0, bytes: 0, removed: 0 }),
        files: (uid) => this.#spooled(uid),
        open: (file) => this.#opened(file, alive),
      },
      troubles: { set: () => {} },
      heldFull: () => undefined,
      identities: {
        facts: () => undefined,
        hinted: (facts) => facts,
        ownerOf: () => undefined,
        user: (uid) => ({ name: `u${uid}`, fullName: '' }),
      },
      journal: this.#journal(),
      world: quietWorld({
        clock: { now: () => this.now as Millis },
        timers: {
          every: (_, tick) => {
            this.ticks.push(tick);
            return () => {};
          },
          soon: (run) => this.soon('soon', run),
        },
        count: (name) => {
          if (name === 'postern_sendmail_copies_total') this.answers.copies++;
        },
      }),
      wakePickup: async () => true,
    });
    this.soon('start', () => void handler.takeSpool().then(() => handler.start()));
    return handler;
  }

  #draft(handover: WaitingMail, alive: () => boolean): HandoverDraft {
    const { token } = handover;
    return {
      write: () => {},
      drop: () => {},
      finish: (done) =>
        this.soon('written', () => {
          this.disk.set(token, { handover, state: 'going', attempt: this.#attempt() });
          this.soon('told', () => alive() && done(undefined));
        }),
    };
  }

  #attempt(): string {
    return String(++this.attempts).padStart(16, '0');
  }

  /** The mail server's own sendmail goes on when we are ended. */
  #send(token: string, how: 'first try' | 'again'): Promise<SendOutcome> {
    const file = this.disk.get(token);
    if (file === undefined) return Promise.resolve({ kind: 'gone' });
    if (how === 'again') file.attempt = this.#attempt();
    const { attempt } = file;
    return new Promise((resolve) => {
      const refuses = this.#random() < this.refusing;
      this.soon(
        'sendmail',
        () => {
          if (!refuses) this.maildrop.push({ token, attempt });
          this.soon('ended', () => {
            const known = this.disk.get(token);
            if (!refuses && known?.attempt === attempt) known.state = 'sent';
            const lost = !refuses && this.#random() < this.refusing;
            resolve(refuses || lost ? { kind: 'unknown', why: 'ended' } : { kind: 'sent' });
          });
        },
        'theirs',
      );
    });
  }

  #spooled(uid: number): readonly SpoolFile[] {
    const names = [...this.spool].filter(([, one]) => one.uid === uid).map(([key]) => key);
    return names.sort().map((name) => ({ uid, folder: '', name }));
  }

  #opened({ name }: SpoolFile, alive: () => boolean): SpooledMessage | undefined {
    const one = this.spool.get(name);
    if (one === undefined) return undefined;
    const remove = (): void => void (alive() && this.spool.delete(name));
    return { ...one, read: () => [], remove, [Symbol.dispose]: () => {} };
  }

  #journal(): Journal {
    const journal = {
      live: { handover: (token: string) => this.ledger.get(token) },
      commit: (changes: readonly Change[], done: (kept: boolean) => void) =>
        this.soon('commit', () => {
          for (const change of changes) {
            if (change.kind === 'handover') this.ledger.set(change.row.token, change.row);
          }
          this.soon('committed', () => done(true));
        }),
    };
    return journal as unknown as Journal;
  }

  /** The mail server shows us one of those that it has. */
  show(): void {
    const copy = this.maildrop[Math.floor(this.#random() * this.maildrop.length)];
    if (copy === undefined) return;
    const { handler } = this;
    if (handler.submitterOf(copy.token) === undefined) assert.fail('it knows what it handed over');
    handler.recognise(copy.token, copy.attempt, (claim) => {
      assert.notEqual(claim.kind, 'unknown');
      this.soon('answer', () => {
        // It may have been shown twice at once, and be gone.
        if (!this.maildrop.includes(copy)) return;
        this.maildrop = this.maildrop.filter((one) => one !== copy);
        if (claim.kind === 'copy') return;
        this.taken.push(copy.token);
        this.soon('answered', () => handler.answered(copy.token));
      });
    });
  }
}

const uids = [1, 5, 33] as const;

async function live(seed: number, of: { readonly crashes: number; readonly refusing: number }) {
  const random = randomFrom(seed);
  const world = new World(random);
  world.refusing = of.refusing;
  const messages = 24;
  let sent = 0;
  let crashes = 0;
  /** Programs that wait for an answer: one of a user at a time. */
  const waiting = new Map<number, HandoverRequest>();
  const spool = (uid: number, one: HandoverRequest): void => {
    waiting.delete(uid);
    world.spool.set(`${uid}-${one.id}`, { uid, request: one });
  };
  for (let step = 0; step < 1_200; step++) {
    const chance = random();
    const uid = uids[Math.floor(random() * uids.length)] ?? 1;
    if (chance < 0.06 && sent < messages && !waiting.has(uid)) {
      const one = request(sent++);
      waiting.set(uid, one);
      if (random() < 0.3) spool(uid, one);
      else {
        const turn = world.handler.open({ pid: 1, uid, startedAt: 1 }, one);
        if (turn.kind === 'refused') {
          world.answers.refused++;
          waiting.delete(uid);
        } else turn.finish(() => waiting.delete(uid));
      }
    } else if (chance < 0.2) world.soon('show', () => world.show());
    else if (chance < 0.3) for (const tick of [...world.ticks]) tick();
    else if (chance < 0.33) void world.handler.takeSpool();
    else if (chance < 0.33 + of.crashes && crashes < 20) {
      crashes++;
      world.crash();
      // A program that hears nothing leaves its message in the spool.
      for (const [of, one] of waiting) world.soon('unheard', () => spool(of, one), 'theirs');
    }
    await world.step();
  }
  world.refusing = 0;
  for (let step = 0; step < 3_000; step++) {
    world.now += 2_000;
    if (step % 2 === 0) world.show();
    if (step % 3 === 0) for (const tick of [...world.ticks]) tick();
    if (step % 50 === 0) void world.handler.takeSpool();
    await world.step();
    const rest = world.disk.size + world.spool.size + world.maildrop.length;
    if (rest === 0 && world.events.length === 0 && step > 50) break;
  }
  return { world, sent, crashes };
}

for (let seed = 1; seed <= 40; seed++) {
  test(`ended at any moment: each once (seed ${seed})`, async () => {
    const { world, sent } = await live(seed, { crashes: 0.02, refusing: 0.1 });
    const once = new Set(world.taken);
    assert.equal(world.taken.length, once.size, `twice: ${twice(world.taken)}`);
    assert.equal(once.size, sent - world.answers.refused);
    assert.deepEqual([world.disk.size, world.spool.size, world.maildrop.length], [0, 0, 0]);
    assert.equal(world.handler.waiting, 0);
  });
}

test('never ended: in the order of each user', async () => {
  for (let seed = 100; seed < 110; seed++) {
    const { world } = await live(seed, { crashes: 0, refusing: 0 });
    for (const uid of uids) {
      const own = world.taken.filter((token) => token.startsWith(`${uid}-`));
      assert.deepEqual(own, [...own].sort(), `seed ${seed}`);
    }
    assert.equal(world.answers.copies, 0);
  }
});

test('ended while a message waited for what its user left before it: in order', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(randomFrom(seed));
    const turn = world.handler.open({ pid: 1, uid: 5, startedAt: 1 }, request(1));
    assert.equal(turn.kind, 'taken');
    turn.finish(() => {});
    while (world.disk.size === 0) await world.step();
    world.maildrop = [];
    const [earlier, later] = [request(0), request(2)];
    for (const one of [earlier, later]) world.spool.set(`5-${one.id}`, { uid: 5, request: one });
    world.crash();
    world.events = [];
    world.handler.start();
    for (let step = 0; step < 3_000 && world.taken.length < 3; step++) {
      world.now += 2_000;
      world.show();
      if (step % 3 === 0) for (const tick of [...world.ticks]) tick();
      await world.step();
    }
    assert.deepEqual(world.taken, [`5-${earlier.id}`, `5-${request(1).id}`, `5-${later.id}`]);
  }
});

const twice = (tokens: readonly string[]): string =>
  tokens.filter((token, at) => tokens.indexOf(token) !== at).join(' ');

function randomFrom(seed: number): () => number {
  let state = (seed * 2_654_435_761) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
