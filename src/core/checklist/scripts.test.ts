/** Doctor's findings about programs that bypass the sendmail door. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRegister, checkWaysRound, type WaysRound } from './scripts.ts';

const closed: WaysRound = {
  user: 'www-data',
  guard: 'postern',
  authorized: 'root, postern',
  port: 25,
  postdrop: { outcome: 'refused' },
  loopback: { outcome: { user: 'www-data' } },
  direct: 'attribute',
};
const found = (change: Partial<WaysRound>): readonly string[] =>
  checkWaysRound({ ...closed, ...change }).map(({ kind, found: text }) => `${kind}: ${text}`);

const submit = [
  [{}, 'ok: tried as www-data: refused'],
  [
    { postdrop: { outcome: 'taken' }, authorized: undefined },
    'fail: tried as www-data: accepted (authorized_submit_users is not set)',
  ],
  [{ authorized: 'root,postern, joe' }, 'warn: tried as www-data: refused; other users may: joe'],
  [
    { postdrop: { why: 'not root' }, authorized: undefined },
    'fail: not tried (not root); authorized_submit_users is not set',
  ],
  [
    { postdrop: { why: 'not root' } },
    'unknown: not tried (not root); authorized_submit_users is "root, postern"',
  ],
] as const;
for (const [change, text] of submit) {
  test(text, () => assert.equal(found(change)[0], text));
}

const loop = [
  [{}, 'ok: tried as www-data at 127.0.0.1:25: counted as user:www-data'],
  [{ direct: 'refuse' }, 'ok: tried as www-data at 127.0.0.1:25: told to use sendmail'],
  [{ loopback: { outcome: 'closed' } }, 'ok: not possible: nothing listens at 127.0.0.1:25'],
  [
    { loopback: { outcome: { user: '' } } },
    'fail: tried as www-data at 127.0.0.1:25: the guard cannot tell which user it is',
  ],
  [
    { loopback: { outcome: { user: 'root' } } },
    'fail: tried as www-data at 127.0.0.1:25: the guard took it for root',
  ],
  [{ loopback: { why: 'not root' } }, 'unknown: not tried (not root)'],
  [{ direct: 'ignore' }, 'warn: treated like any client (scripts.direct_connections = "ignore")'],
] as const;
for (const [change, text] of loop) {
  test(text, () => assert.equal(found(change)[1], text));
}

test('the register: from observing to guarding', () => {
  const of = (
    mode: 'observe' | 'guard',
    known: number,
    withoutRule: number,
    faceless: string[] = [],
  ) => checkRegister({ mode, known, withoutRule, faceless });
  assert.equal(of('observe', 0, 0).kind, 'ok');
  assert.match(of('observe', 5, 2).fix, /which rule would fit/);
  assert.match(of('observe', 5, 0).fix, /scripts\.mode = "guard"/);
  assert.equal(of('guard', 5, 2).kind, 'ok');
  assert.match(of('guard', 5, 2, ['www-data']).fix, /mail\.add_x_header/);
});
