import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDoorFolder, type DoorFolder } from './door-folder.ts';

const postfix = { uid: 101, gid: 110 };
const guard = 64_001;
const socket = { kind: 'socket', uid: 0, gid: 110, mode: 0o660 } as const;
const systemd = { kind: 'folder', uid: 0, gid: 0, mode: 0o755 } as const;
const own = { kind: 'folder', uid: guard, gid: 110, mode: 0o2710 } as const;
const rows: readonly (readonly [string, Partial<DoorFolder>, RegExp | undefined])[] = [
  ['sockets of systemd', {}, undefined],
  ["sockets of the guard's own", { folder: own }, undefined],
  ['while the guard is down', { folder: own, guard: undefined }, undefined],
  ['no folder', { folder: undefined }, /^\S+ does not exist$/],
  ['a link', { folder: { ...own, kind: 'other' } }, /is no folder/],
  ['of somebody else', { folder: { ...own, uid: 1_001 } }, /belongs to user 1001/],
  ['others may write', { folder: { ...systemd, mode: 0o777 } }, /others can write .*\(mode 0777\)/],
  ['the group may write', { folder: { ...own, mode: 0o2770 } }, /others can write/],
  ['shut for Postfix', { folder: { ...own, mode: 0o700 } }, /Postfix cannot enter/],
  ['of another group', { folder: { ...own, gid: 5 } }, /Postfix cannot enter/],
  ['a socket is missing', { sockets: { policy: undefined } }, /there is no socket policy/],
  ['a file instead', { sockets: { milter: { ...socket, kind: 'other' } } }, /milter is no socket/],
  [
    'shut',
    { sockets: { milter: { ...socket, gid: 0 } } },
    /may not open milter \(group 0, mode 06/,
  ],
];
for (const [name, facts, wanted] of rows) {
  test(`the folder of the doors: ${name}`, () => {
    const sound = { path: '/q/postern', folder: systemd, sockets: { milter: socket } };
    const { found, kind } = checkDoorFolder({ ...sound, postfix, guard, ...facts });
    assert.equal(kind, wanted === undefined ? 'ok' : 'fail', found);
    if (wanted !== undefined) assert.match(found, wanted);
  });
}
