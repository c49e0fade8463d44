/** The audit trail says who changed the mode, also if it changed while the guard was stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import { minuteMs } from '../../lib/time.ts';
import { openModeNotes } from './mode-noted.ts';

test('a change is noted once, with the operator who announced it', () => {
  const rig = openRig();
  const { journal, settings } = rig;
  const world = { clock: rig.time };
  const rows = (): readonly string[] =>
    journal.live
      .audit({ limit: 9 })
      .filter(({ action }) => action === 'mode')
      .map(({ by, detail }) => `${by}: ${detail}`);
  settings.mode = 'observe';
  const notes = openModeNotes({ journal, settings, world });
  notes.changed();
  assert.deepEqual(rows(), [], 'the first start is no change');
  notes.wanted('guard', 'ann');
  settings.mode = 'guard';
  notes.changed();
  notes.changed();
  assert.deepEqual(rows(), ['ann: observe became guard']);
  rig.time.jump(2 * minuteMs);
  settings.mode = 'observe';
  openModeNotes({ journal, settings, world }).changed();
  assert.deepEqual(rows(), [
    'configuration file: guard became observe',
    'ann: observe became guard',
  ]);
});

test('what was announced long ago, or was another mode, names nobody', () => {
  const rig = openRig();
  const { journal, settings } = rig;
  const world = { clock: rig.time };
  settings.mode = 'observe';
  const notes = openModeNotes({ journal, settings, world });
  notes.changed();
  notes.wanted('guard', 'ann');
  rig.time.jump(2 * minuteMs);
  settings.mode = 'guard';
  notes.changed();
  notes.wanted('guard', 'bob');
  settings.mode = 'observe';
  notes.changed();
  const by = journal.live.audit({ limit: 9 }).map((row) => row.by);
  assert.deepEqual(by, ['configuration file', 'configuration file']);
});
