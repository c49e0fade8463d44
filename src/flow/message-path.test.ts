/** The way of a message alone, with doubles for every step: their order, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedStart } from '../../test/doubles/start.ts';
import type { Account } from '../core/account-name.ts';
import type { Submission } from '../core/event.ts';
import type { Millis } from '../lib/time.ts';
import type {
  Answer,
  EditSource,
  HeaderEdit,
  MessageAuthors,
  PassingMessage,
  ScanSource,
  Submitter,
} from '../ports/message.ts';
import { type MessagePathDeps, openMessagePath } from './message-path.ts';

const pass: Answer = { kind: 'pass' };
const hold: Answer = { kind: 'hold', reason: 'unusual' };
const refuse: Answer = { kind: 'reply', code: 550, enhanced: '5.7.1', text: 'Suspended' };
const start = scriptedStart({ by: 'login', account: 'joe@here.test' as Account });
const message: Submission = {
  kind: 'send',
  id: 'QUEUE1',
  at: 0 as Millis,
  account: 'joe@here.test' as Account,
  outside: ['ann@there.test'],
  local: [],
};

type Rig = {
  /** What happened, in order. */
  readonly order: string[];
  readonly open: (as?: typeof start, editedAs?: typeof start | undefined) => PassingMessage;
  /** Sends the whole message; its answers arrive in `order`. */
  readonly judge: (passing: PassingMessage, by?: Submitter['by']) => void;
  /** Each lets one waiting scan, or one waiting editor, come to its end. */
  readonly scans: (() => void)[];
  readonly editors: (() => void)[];
  /** The door has given the message up. */
  givenUp: boolean;
};

type How = {
  readonly answer?: Answer;
  readonly sources?: (rig: Rig) => MessagePathDeps['readers'];
  readonly direct?: MessagePathDeps['direct']['known'];
  readonly webmail?: MessagePathDeps['webmail']['known'];
  readonly authors?: (order: string[]) => MessageAuthors;
};

function openRig({ answer = pass, sources, direct, authors, webmail }: How = {}): Rig {
  const order: string[] = [];
  let now = 0;
  const rig: Rig = {
    order,
    scans: [],
    editors: [],
    givenUp: false,
    open: (as = start, ...rest) => path.open(as, rest.length === 0 ? as : rest[0]),
    judge: (passing, by = 'login') =>
      passing.judge(
        message,
        by,
        ({ kind }) => void order.push(`answer ${kind}`),
        (run) => {
          if (!rig.givenUp) run();
        },
      ),
  };
  const path = openMessagePath({
    returns: { isReturned: (_message, answer) => answer(false) },
    wrote: () => undefined,
    authors: { open: () => authors?.(order) },
    readers: (sources ?? (() => []))(rig),
    webmail: { known: webmail ?? ((one, _by, go) => go(one)) },
    direct: {
      known: (one, by, go, refused) => {
        order.push(`direct ${by}`);
        (direct ?? ((same, _by, on) => on(same)))(one, by, go, refused);
      },
    },
    scripts: {
      judge: (one) => {
        order.push('register');
        return one.handed === undefined ? one : { ...one, account: 'script:/x.php' as Account };
      },
      answered: (one, what) => void order.push(`register: ${one.account} ${what}`),
    },
    fates: {
      judged: (_message, { kind }) => {
        if (kind === 'discard') order.push('fate discard');
      },
    },
    notes: {
      cameIn: () => undefined,
      judged: ({ id }) => void order.push(`note ${id}`),
    },
    gate: {
      mayBegin: () => refuse,
      submit: (one, by, said) => {
        order.push(`gate ${one.account} ${by} ${one.subject ?? ''}`.trimEnd());
        now += 250;
        said(answer);
      },
    },
    reservations: { counted: (id) => void order.push(`reservation ${id}`) },
    statistics: { seen: (one, what) => void order.push(`statistics: ${one.account} ${what}`) },
    stopwatch: () => now,
    observe: (name, value) => void order.push(`${name} ${value}`),
  });
  return rig;
}

/** A scan that adds its name to the subject, when it is told to. */
function scan({ order, scans }: Rig, name: string): ScanSource {
  return {
    phase: 'before-judgement',
    open: () => ({
      header: (field) => void order.push(`${name} header ${field}`),
      body: (_bytes, from, to) => to - from < 2,
      finish: (one, done) => {
        order.push(`${name} scans`);
        scans.push(() => done({ ...one, subject: `${one.subject ?? ''}${name}` }));
      },
      drop: () => void order.push(`${name} dropped`),
    }),
  };
}

/** An editor that puts in a field of its name, when it is told to. */
function editor({ order, editors }: Rig, name: string, refused?: string): EditSource {
  const edit: HeaderEdit = { kind: 'insert', index: 1, name, value: ' x' };
  return {
    phase: 'after-judgement',
    open: ({ by }) => {
      order.push(`${name} opened ${by}`);
      return {
        header: (field, value) => void order.push(`${name} header ${field}:${value}`),
        body: (bytes, from, to) =>
          void order.push(`${name} body ${bytes.toString('latin1', from, to)}`),
        finish: (done) => void editors.push(() => done([edit], refused)),
      };
    },
  };
}

/** The names of the edits and the refusal, once the message has them. */
function finish(passing: PassingMessage, by: Submitter['by'] | undefined = 'login'): string[] {
  const said: string[] = [];
  passing.finish(by, (edits, refused) =>
    said.push(`${edits.map((edit) => edit.name).join(' ')} ${refused ?? ''}`.trim()),
  );
  return said;
}

test('register, reservation, gate, time, statistics, answer: in this order, at once', () => {
  const { open, judge, order } = openRig();
  judge(open());
  assert.deepEqual(order, [
    'direct login',
    'register',
    'reservation QUEUE1',
    'gate joe@here.test login',
    'postern_decision_seconds 0.25',
    'statistics: joe@here.test passed',
    'note QUEUE1',
    'register: joe@here.test passed',
    'answer pass',
  ]);
});

for (const [name, answer] of [
  ['held', hold],
  ['refused', refuse],
] as const) {
  test(`a message that is ${name} counts as stopped, and ends its reservation`, () => {
    const { open, judge, order } = openRig({ answer });
    judge(open());
    assert.deepEqual(order.slice(2), [
      'reservation QUEUE1',
      'gate joe@here.test login',
      'postern_decision_seconds 0.25',
      'statistics: joe@here.test stopped',
      'note QUEUE1',
      'register: joe@here.test stopped',
      `answer ${answer.kind}`,
    ]);
  });
}

test('a script’s message is judged as the register names it', () => {
  const handed = {} as NonNullable<Submission['handed']>;
  const { open, judge, order } = openRig({
    direct: (one, _by, go) => go({ ...one, handed }),
  });
  judge(open(), 'client');
  assert.deepEqual(order.slice(0, 4), [
    'direct client',
    'register',
    'reservation QUEUE1',
    'gate script:/x.php client',
  ]);
  assert.ok(order.includes('statistics: script:/x.php passed'));
});

test('a script that may not connect directly is refused; nothing is judged or counted', () => {
  const { open, judge, order } = openRig({ direct: (_one, _by, _go, said) => said(refuse) });
  judge(open(), 'client');
  assert.deepEqual(order, ['direct client', 'answer reply']);
});

test('the judgement waits for every scan, and gets what each found', () => {
  const rig = openRig({ sources: (one) => [scan(one, 'a'), editor(one, 'E'), scan(one, 'b')] });
  rig.judge(rig.open());
  assert.deepEqual(rig.order, ['E opened login', 'a scans']);
  rig.scans[0]?.();
  rig.scans[1]?.();
  assert.deepEqual(rig.order.slice(2, 7), [
    'b scans',
    'direct login',
    'register',
    'reservation QUEUE1',
    'gate joe@here.test login ab',
  ]);
});

test('a message that the door gave up during the scan is not judged', () => {
  const rig = openRig({ sources: (one) => [scan(one, 'a')] });
  const passing = rig.open();
  rig.judge(passing);
  passing.drop();
  rig.givenUp = true;
  rig.scans[0]?.();
  assert.deepEqual(rig.order, ['a scans', 'a dropped']);
});

test('each reader gets all of the message; edits go out in order when the last is ready', () => {
  const rig = openRig({ sources: (one) => [editor(one, 'A'), editor(one, 'B')] });
  const passing = rig.open();
  passing.header('From', ' x');
  assert.equal(passing.body(Buffer.from('abc'), 1, 2), true);
  const said = finish(passing);
  rig.editors[1]?.();
  assert.deepEqual(said, []);
  rig.editors[0]?.();
  assert.deepEqual(said, ['A B']);
  const read = ['A header From: x', 'B header From: x', 'A body b', 'B body b'];
  assert.deepEqual(rig.order, ['A opened login', 'B opened login', ...read]);
});

test('a refusal of one reader is passed on when all are ready', () => {
  const rig = openRig({ sources: (one) => [editor(one, 'A', 'too bad'), editor(one, 'B')] });
  const said = finish(rig.open());
  rig.editors[0]?.();
  assert.deepEqual(said, []);
  rig.editors[1]?.();
  assert.deepEqual(said, ['A B too bad']);
});

test('a reader that never finishes keeps its edits, not the judgement', () => {
  const rig = openRig({ sources: (one) => [editor(one, 'A'), editor(one, 'B')] });
  const passing = rig.open();
  rig.judge(passing);
  assert.equal(rig.order.at(-1), 'answer pass');
  const said = finish(passing);
  rig.editors[0]?.();
  assert.deepEqual(said, [], 'the door answers without them, at its deadline');
});

test('without a reader that wants the message, nothing is read and nothing is awaited', () => {
  const none: EditSource = { phase: 'after-judgement', open: () => undefined };
  const rig = openRig({ sources: () => [none] });
  const passing = rig.open();
  assert.deepEqual([passing.isRead, passing.isEdited], [false, false]);
  assert.equal(passing.body(Buffer.from('abc'), 0, 3), false);
  assert.deepEqual(finish(passing), ['']);
});

test('editors see the start that the door gives them; without one they are not opened', () => {
  const rig = openRig({ sources: (one) => [scan(one, 'a'), editor(one, 'E')] });
  const scanned = rig.open(start, undefined);
  assert.deepEqual([scanned.isRead, scanned.isEdited], [true, false]);
  assert.equal(scanned.body(Buffer.from('abc'), 0, 3), false, 'the scan has enough');
  rig.open(start, { ...start, by: undefined });
  assert.deepEqual(rig.order, ['E opened undefined']);
});

test('a message that was read as another submitter’s is not edited', () => {
  const rig = openRig({ sources: (one) => [editor(one, 'E')] });
  assert.deepEqual(finish(rig.open({ ...start, by: undefined })), ['']);
  assert.equal(rig.editors.length, 0);
});

/** Asks about authors when it is told to, and adds its name to the subject. */
function authors(order: string[], asked: (() => void)[]): MessageAuthors {
  return {
    header: (field) => void order.push(`authors header ${field}`),
    choice: { kind: 'unsigned', author: '', why: 'no-from' },
    denied: undefined,
    ask: (one, done) => {
      order.push(`asked as ${one.account}`);
      asked.push(() => done({ ...one, subject: 'asked' }));
    },
  };
}

test('authors are asked about as the account of the register, before the gate', () => {
  const asked: (() => void)[] = [];
  const handed = {} as NonNullable<Submission['handed']>;
  const rig = openRig({
    direct: (one, _by, go) => go({ ...one, handed }),
    authors: (order) => authors(order, asked),
  });
  const passing = rig.open();
  passing.header('From', ' x');
  rig.judge(passing, 'client');
  assert.deepEqual(rig.order, [
    'authors header From',
    'direct client',
    'register',
    'asked as script:/x.php',
  ]);
  asked[0]?.();
  assert.equal(rig.order[5], 'gate script:/x.php client asked');
  assert.equal(rig.order.at(-1), 'answer pass');
});

test('a message that the door gave up meanwhile is not judged', () => {
  const asked: (() => void)[] = [];
  const rig = openRig({ authors: (order) => authors(order, asked) });
  rig.judge(rig.open());
  rig.givenUp = true;
  asked[0]?.();
  assert.equal(rig.order.at(-1), 'asked as joe@here.test');
});

test('nobody is asked about mail that comes in, or that no milter may edit', () => {
  const rig = openRig({ authors: () => assert.fail('opened') });
  rig.open(start, undefined);
  rig.open(start, { ...start, by: undefined });
});

test('what a reader discards is told as discarded, after it was let through', () => {
  const source: EditSource = {
    phase: 'after-judgement',
    open: () => ({
      header: () => undefined,
      body: () => undefined,
      finish: (done) => done([], undefined, { kind: 'discard' }),
    }),
  };
  const rig = openRig({ sources: () => [source] });
  const passing = rig.open(scriptedStart({ by: 'local' }));
  rig.judge(passing, 'local');
  passing.finish('local', () => void rig.order.push('done'));
  assert.deepEqual(rig.order.slice(-3), ['answer pass', 'fate discard', 'done']);
});

test('the person behind a webmail is known before the register is asked', () => {
  const later: (() => void)[] = [];
  const rig = openRig({
    webmail: (one, by, go) => {
      later.push(() => go({ ...one, subject: `by ${by} from 203.0.113.7` }));
    },
  });
  rig.judge(rig.open());
  assert.deepEqual(rig.order, []);
  later[0]?.();
  assert.deepEqual(rig.order.slice(0, 4), [
    'direct login',
    'register',
    'reservation QUEUE1',
    'gate joe@here.test login by login from 203.0.113.7',
  ]);
});

test('a message that was given up while the person was looked for goes no further', () => {
  const later: (() => void)[] = [];
  const rig = openRig({ webmail: (one, _by, go) => void later.push(() => go(one)) });
  rig.judge(rig.open());
  rig.givenUp = true;
  later[0]?.();
  assert.deepEqual(rig.order, []);
});
