/** What the bypass meter knows after a restart of the guard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bypassRig, joe, outsider } from '../../../test/doubles/bypass.ts';
import { minuteMs } from '../../lib/time.ts';

test('after a restart: the counts and the trouble are as before, and it ends as usual', () => {
  const meta = new Map<string, string>();
  const first = bypassRig(meta);
  for (const id of ['AAAAA1', 'AAAAA2', 'AAAAA3', 'AAAAA4']) {
    first.came(id, { login: joe });
    first.goes(id);
  }
  first.meter.taken('mail-log x', 'place');
  assert.equal(meta.get('mail-log x'), 'place');
  const { came, goes, judged, meter, pass, troubles } = bypassRig(meta);
  assert.deepEqual(troubles, first.troubles.slice(-1));
  assert.deepEqual(JSON.parse(JSON.stringify(first.meter.view())), meter.view());
  pass(11 * minuteMs);
  came('JUDGED1', { login: joe });
  judged('JUDGED1');
  goes('JUDGED1');
  assert.equal(troubles.at(-1), 'bypass meter over');
  meter.taken('mail-log x', 'place 2');
  assert.deepEqual(bypassRig(meta).troubles, []);
  for (const broken of ['', '{', '[]', '{"since":1,"messages":"x"}']) {
    assert.equal(bypassRig(new Map([['bypass-meter', broken]])).meter.view().messages, 0);
  }
});

test('copies for an archive elsewhere of mail that came in while the guard was away', () => {
  const meta = new Map<string, string>();
  const archive = { recipient: 'archive@world.test' };
  const before = bypassRig(meta);
  before.came('AAAAA1', { client: outsider });
  before.notes.cameIn('AAAAA1');
  before.goes('AAAAA1', archive);
  before.meter.taken('mail-log x', 'place');
  const { came, goes, counts } = bypassRig(meta);
  for (const id of ['BBBBB1', 'BBBBB2', 'BBBBB3', 'BBBBB4']) {
    came(id, { client: outsider });
    goes(id, archive);
  }
  came('CCCCC1', { login: joe });
  goes('CCCCC1', archive);
  assert.deepEqual(counts(), { 'came-in': 4, bypassed: 1 });
});
