import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, key, play, signing } from '../../../test/doubles/rotation.ts';
import { dayMs, hourMs, minuteMs } from '../../lib/time.ts';
import type { DkimKey } from './key.ts';
import { lostAfterMs, silentAfterMs, stuckAfterMs, toAsk } from './rotation.ts';
import { ordered, retired } from './succession.ts';

test('the first key of a domain, from its making to its first signature', () => {
  assert.deepEqual(
    play(
      [key('a')],
      [
        [0, {}],
        [1, { a: 'nowhere' }],
        [2, { a: 'partly' }],
        [3, { a: 'unknown' }],
        [10, { a: 'everywhere' }],
        [10 + hourMs - 1, { a: 'everywhere' }],
        [10 + hourMs, { a: 'unknown' }],
        [11 + hourMs, { a: 'everywhere' }],
      ],
    ),
    [
      'a published; publish a; tell publish a',
      'a published; publish a',
      'a published; publish a',
      'a published; publish a',
      'a seen',
      'a seen',
      'a seen',
      'a signing; tell signing a',
    ],
  );
});

test('it waits as long as a resolver may remember that it was not there', () => {
  const nowhere = { kind: 'nowhere', cachedMs: 3 * hourMs, text: '' } as const;
  assert.deepEqual(
    play(
      [key('a', { state: 'published' })],
      [
        [0, { a: nowhere }],
        [1, { a: 'everywhere' }],
        [1 + 3 * hourMs - 1, { a: 'everywhere' }],
        [1 + 3 * hourMs, { a: 'everywhere' }],
      ],
    ),
    ['a published; publish a', 'a seen', 'a seen', 'a signing; tell signing a'],
  );
});

test('a server that loses it before it signs makes it wait again', () => {
  const start = [key('a', { state: 'seen', times: { made: at(0), seen: at(0) } })];
  for (const lost of ['partly', 'nowhere', 'other', 'revoked'] as const) {
    const [first, , third] = play(start, [
      [hourMs, { a: lost }],
      [hourMs + 1, { a: 'everywhere' }],
      [2 * hourMs, { a: 'everywhere' }],
    ]);
    assert.match(first ?? '', /^a published/, lost);
    assert.match(third ?? '', /^a seen/, lost);
  }
});

test('a key that was taken over signs as soon as DNS shows it', () => {
  const taken = key('a', { state: 'published', absentAt: undefined });
  assert.deepEqual(
    play(
      [taken],
      [
        [5, { a: 'unknown' }],
        [6, { a: 'everywhere' }],
      ],
    ),
    ['a published', 'a signing; tell signing a'],
  );
  assert.match(
    play(
      [taken],
      [
        [5, { a: 'other' }],
        [6, { a: 'everywhere' }],
      ],
    ).at(-1) ?? '',
    /^a seen/,
  );
});

test('a rotation: made on the day, the old one kept for the queues, revoked, removed', () => {
  const start = [signing('a')];
  assert.deepEqual(
    play(start, [
      [180 * dayMs - 1, {}],
      [180 * dayMs, {}],
    ]),
    ['a signing', 'a signing; make example.org rsa-sha256'],
  );
  const half = 180 * dayMs;
  const both = [...start, key('b', { times: { made: at(half) } })];
  const begin = half + hourMs + 1;
  assert.deepEqual(
    play(both, [
      [half, { a: 'everywhere' }],
      [half + 1, { a: 'everywhere', b: 'everywhere' }],
      [begin, { a: 'everywhere', b: 'everywhere' }],
      [begin + 10 * dayMs - 1, { a: 'everywhere', b: 'everywhere' }],
      [begin + 10 * dayMs, { a: 'everywhere', b: 'everywhere' }],
      [begin + 11 * dayMs, { a: 'everywhere', b: 'everywhere' }],
      [begin + 12 * dayMs, { a: 'revoked', b: 'everywhere' }],
      [begin + 40 * dayMs, { a: 'revoked', b: 'everywhere' }],
      [begin + 41 * dayMs, { a: 'nowhere', b: 'everywhere' }],
      [begin + 42 * dayMs, { b: 'everywhere' }],
    ]),
    [
      'a signing, b published; publish b; tell publish b',
      'a signing, b seen',
      'a retiring, b signing; tell signing b',
      'a retiring, b signing',
      'a revoked, b signing; revoke a; tell revoke a',
      'a revoked, b signing; revoke a',
      'a revoked, b signing',
      'a revoked, b signing; remove a; tell remove a',
      'a gone, b signing; delete-file a',
      'a gone, b signing; delete-file a',
    ],
  );
});

test('a private key is to be deleted until it is written down that it was', () => {
  const look = (file: string): readonly string[] =>
    play([key('a', { state: 'gone', file })], [[0, {}]]);
  assert.deepEqual(look('example.org/a.pem'), ['a gone; delete-file a']);
  assert.deepEqual(look(''), ['a gone']);
});

test('the other algorithm of the domain, and another domain, are another line', () => {
  const keys = [
    signing('a'),
    key('e', { algorithm: 'ed25519-sha256', state: 'published', absentAt: undefined }),
    key('o', { domain: 'other.example', state: 'published', absentAt: undefined }),
  ];
  assert.deepEqual(play(keys, [[1, { a: 'everywhere', e: 'everywhere', o: 'everywhere' }]]), [
    'a signing, e signing, o signing; tell signing e; tell signing o',
  ]);
});

test('held mail keeps the record of the key that signed it', () => {
  const keys = [
    key('a', { state: 'retiring', times: { made: at(0), signing: at(0), retiring: at(dayMs) } }),
    signing('b', dayMs),
  ];
  const look = (ms: number, heldSince: number | undefined): string =>
    play(keys, [
      [ms, {}, { heldSince: heldSince === undefined ? undefined : at(heldSince) }],
    ])[0]?.split(',')[0] ?? '';
  assert.equal(look(90 * dayMs, dayMs), 'a retiring');
  assert.equal(look(90 * dayMs, dayMs + 1), 'a revoked');
  assert.equal(look(90 * dayMs, undefined), 'a revoked');
});

test('a key lost from DNS stops after a second look; the one before it comes back', () => {
  const keys = [
    key('a', { state: 'retiring', times: { made: at(0), signing: at(0), retiring: at(1) } }),
    signing('b', 1),
  ];
  assert.deepEqual(
    play(keys, [
      [10, { a: 'everywhere', b: 'nowhere' }],
      [11, { a: 'everywhere', b: 'unknown' }],
      [10 + lostAfterMs, { a: 'everywhere', b: 'other' }],
      [20 + lostAfterMs, { a: 'everywhere', b: 'everywhere' }],
      [20 + lostAfterMs + hourMs, { a: 'everywhere', b: 'everywhere' }],
    ]),
    [
      'a retiring, b signing; publish b',
      'a retiring, b signing',
      'a signing, b published; tell lost b',
      'a signing, b seen',
      'a retiring, b signing; tell signing b',
    ],
  );
  const back = play(keys, [
    [10, { b: 'nowhere' }],
    [11, { b: 'everywhere' }],
    [10 + lostAfterMs, { b: 'nowhere' }],
  ]);
  assert.match(back.at(-1) ?? '', /^a retiring, b signing/, 'each look begins anew');
});

test('with nothing to fall back on it still stops, and a revoked record counts at once', () => {
  assert.deepEqual(
    play(
      [signing('a')],
      [
        [0, { a: 'other' }],
        [lostAfterMs, { a: 'other' }],
      ],
    ),
    ['a signing', 'a published; tell lost a'],
  );
  assert.deepEqual(
    play(
      [signing('a')],
      [
        [0, { a: 'revoked' }],
        [lostAfterMs, { a: 'revoked' }],
      ],
    ),
    ['a signing', 'a revoked; tell lost a'],
  );
});

test('a record that nobody publishes is spoken of, not too often', () => {
  const quiet = [
    [stuckAfterMs - 1, { a: 'other' }],
    [stuckAfterMs, { a: 'other' }],
    [stuckAfterMs + dayMs, { a: 'other' }],
    [stuckAfterMs + 7 * dayMs, { a: 'other' }],
  ] as const;
  assert.deepEqual(play([key('a')], [[0, {}], ...quiet]), [
    'a published; publish a; tell publish a',
    'a published',
    'a published; tell stuck a',
    'a published',
    'a published; tell stuck a',
  ]);
});

test('a record that is taken away while mail still needs it', () => {
  const keys = [
    key('a', { state: 'retiring', times: { made: at(0), signing: at(0), retiring: at(1) } }),
    signing('b', 1),
  ];
  assert.deepEqual(
    play(keys, [
      [dayMs, { a: 'nowhere' }],
      [dayMs + 1, { a: 'nowhere' }],
    ]),
    ['a retiring, b signing; publish a; tell early a', 'a retiring, b signing; publish a'],
  );
});

test('the operator’s word: retired, or compromised', () => {
  const state = (one: DkimKey, compromised: boolean): string =>
    retired(one, at(5), { compromised }).state;
  const old = key('a', { state: 'published', times: { made: at(0), signing: at(1) } });
  const cases = [
    [key('a'), 'revoked', 'revoked'],
    [signing('a'), 'retiring', 'revoked'],
    [old, 'retiring', 'revoked'],
    [key('a', { state: 'retiring' }), 'retiring', 'revoked'],
    [key('a', { state: 'revoked' }), 'revoked', 'revoked'],
    [key('a', { state: 'gone' }), 'gone', 'gone'],
  ] as const;
  for (const [one, plain, compromised] of cases) {
    assert.deepEqual([state(one, false), state(one, true)], [plain, compromised], one.state);
  }
  assert.equal(retired(signing('a'), at(5), { compromised: false }).returns, false);
  assert.deepEqual(
    play([key('a', { state: 'revoked', times: { made: at(0) } })], [[9, { a: 'everywhere' }]]),
    ['a revoked; remove a; tell remove a'],
    'what never signed goes at once',
  );
});

test('a clock that was set back begins each wait again, and ends none', () => {
  const keys = [
    key('a', { state: 'retiring', times: { made: at(0), retiring: at(20 * dayMs) } }),
    signing('b', 20 * dayMs),
    key('c', { state: 'seen', times: { made: at(1), seen: at(20 * dayMs) } }),
  ];
  const all = { a: 'everywhere', b: 'everywhere', c: 'everywhere' } as const;
  assert.deepEqual(
    play(keys, [
      [0, all],
      [hourMs - 1, all],
      [10 * dayMs - 1, { a: 'everywhere', b: 'everywhere' }],
      [10 * dayMs, { a: 'everywhere', b: 'everywhere' }],
    ]),
    [
      'a retiring, b signing, c seen',
      'a retiring, b signing, c seen',
      'a retiring, b signing, c seen',
      'a revoked, b signing, c seen; revoke a; tell revoke a',
    ],
  );
});

test('what is looked at: all that waits, and now and then what is well', () => {
  const calm = { sight: 'everywhere', sightAt: at(0) } as const;
  const keys = [
    key('new'),
    key('waits', { state: 'published', ...calm }),
    key('well', { ...signing('well'), ...calm }),
    key('lost', { ...signing('lost'), sight: 'nowhere', sightAt: at(0) }),
    key('ends', { state: 'revoked', sight: 'revoked', sightAt: at(0) }),
    key('gone', { state: 'gone' }),
  ];
  const asked = (ms: number): string =>
    toAsk(keys, at(ms))
      .map((one) => one.selector)
      .join(' ');
  assert.equal(asked(1), 'new waits lost');
  assert.equal(asked(60 * minuteMs), 'new waits well lost ends');
  assert.equal(asked(-1), 'new waits well lost ends', 'after the clock was set back');
});

test('one dead server of several: the key signs after a day without a whole answer', () => {
  const late = silentAfterMs + minuteMs;
  const published = key('a', { state: 'published', absentAt: undefined });
  assert.deepEqual(
    play(
      [published],
      [
        [0, { a: 'answering' }],
        [minuteMs, { a: 'unknown' }],
        [silentAfterMs - 1, { a: 'answering' }],
        [silentAfterMs, { a: 'unknown' }],
        [late, { a: 'answering' }],
      ],
    ),
    ['a published', 'a published', 'a published', 'a published', 'a signing; tell signing a'],
  );
  const lacking = { kind: 'unknown', cachedMs: 0, text: '', isLacking: true } as const;
  for (const sight of ['partly', lacking] as const) {
    const broken = play(
      [published],
      [
        [0, { a: 'answering' }],
        [minuteMs, { a: sight }],
        [2 * minuteMs, { a: 'answering' }],
        [late, { a: 'answering' }],
      ],
    );
    assert.match(broken[3] ?? '', /^a published/);
  }
});

test('a server that answers and lacks the key again: the wait begins anew', () => {
  const lacking = { kind: 'unknown', cachedMs: 0, text: '', isLacking: true } as const;
  assert.deepEqual(
    play(
      [key('a', { state: 'published', times: { made: at(0), published: at(0) } })],
      [
        [1, { a: 'everywhere' }],
        [2, { a: lacking }],
        [3, { a: 'everywhere' }],
        [1 + hourMs, { a: 'everywhere' }],
        [3 + hourMs, { a: 'everywhere' }],
      ],
    ).map((line) => line.replace(/;.*/, '')),
    ['a seen', 'a published', 'a seen', 'a seen', 'a signing'],
  );
});

test('a key that signs by order stays, until every server shows it; then DNS is watched', () => {
  const waiting = key('b', { state: 'published', times: { made: at(5) } });
  const keys = ordered([signing('a'), waiting], waiting, at(10));
  assert.deepEqual(
    keys.map(({ selector, state, byOrder }) => `${selector} ${state} ${byOrder}`),
    ['a retiring false', 'b signing true'],
  );
  const lost = [
    [20, { b: 'nowhere' }],
    [20 + lostAfterMs, { b: 'nowhere' }],
    [30 + lostAfterMs, { b: 'everywhere' }],
    [40 + lostAfterMs, { b: 'nowhere' }],
    [50 + 2 * lostAfterMs, { b: 'nowhere' }],
  ] as const;
  const said = play(keys, lost).map((line) => line.split(';')[0]);
  assert.deepEqual(said, [
    'a retiring, b signing',
    'a retiring, b signing',
    'a retiring, b signing',
    'a retiring, b signing',
    'a retiring, b published',
  ]);
});
