/** In which order accounts are tried, and what is remembered of them from one audit to the next. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Hash } from '../../core/passwords/hash.ts';
import { readHash } from '../../core/passwords/read-hash.ts';
import type { Millis } from '../../lib/time.ts';
import { openPrivateFolder } from '../sandbox/private-folder.ts';
import { openTriedStore, toTheEnd } from './tried-store.ts';
import { type NewWork, openWorklist } from './worklist.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-worklist-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function hash(text: string): Hash {
  const stored = readHash(text, { scheme: 'CRYPT', account: '' });
  assert.ok(stored.kind === 'hash');
  return stored.hash;
}
const salted = hash('{SSHA}O2JEaAiwk8hEkTXK9xUyLM5HZ6JJXmp2eVZWOQ==');
const unsalted = hash('{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=');
const weak = { strength: 'under-a-second', by: 'single', since: 1 as Millis } as const;

test('fresh accounts first, then the furthest; none that is finished or weak', () => {
  using place = openPrivateFolder(undefined);
  using list = openWorklist(place);
  const add = (account: string, more: Partial<NewWork>): void =>
    list.add({
      source: 'list:x',
      account,
      hash: salted,
      words: [],
      mark: '',
      progress: {},
      fresh: false,
      further: false,
      weak: undefined,
      ...more,
    });
  add('through', { progress: { top: ['e1', toTheEnd] } });
  add('begun', { progress: { top: ['e1', 10] } });
  add('far', { progress: { top: ['e1', 20] } });
  add('another-edition', { progress: { top: ['e0', toTheEnd] } });
  add('weak', { weak });
  add('new', { fresh: true });
  assert.deepEqual(
    list.begin('top', 'e1').map(({ group, count }) => [group, count]),
    [['ssha', 4]],
  );
  const order: string[] = [];
  for (let next = list.next('ssha', 9); next.works.length > 0; next = list.next('ssha', 9)) {
    order.push(`${next.works.map(({ account }) => account).join('+')}@${next.position}`);
    list.advance('top', 'e1', next.works, toTheEnd);
  }
  assert.deepEqual(order, ['new@0', 'far@20', 'begun@10', 'another-edition@0']);
  assert.deepEqual(list.counts(), { accounts: 6, weak: 1 });
});

test('accounts gone from a source are told once; a mark shows a change, if salted', () => {
  const path = join(folder, 'passwords.db');
  const row = (account: string) => ({ source: 's', account, mark: 'm', progress: {}, weak });
  let mark = '';
  {
    using triedStore = openTriedStore(path);
    assert.throws(() => openTriedStore(path), { code: 'audit-locked' });
    mark = triedStore.mark(salted);
    assert.match(mark, /^[0-9a-f]{24}$/);
    assert.equal(triedStore.mark(unsalted), '');
    triedStore.begin('s');
    triedStore.write([row('ann')]);
    triedStore.write([row('bob')]);
    assert.deepEqual(triedStore.gone('s'), []);
    triedStore.end();
  }
  using triedStore = openTriedStore(path);
  assert.equal(triedStore.mark(salted), mark, 'the key is kept');
  triedStore.begin('s');
  triedStore.seen('s', 'ann');
  assert.deepEqual(triedStore.gone('s'), [{ account: 'bob', weak: true }]);
  triedStore.end();
  assert.deepEqual(triedStore.read('s', 'ann')?.weak, weak);
  assert.equal(triedStore.read('s', 'bob'), undefined);
});
