import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DoorPlaces, oldAddresses, socketsOf } from '../../core/checklist/doors.ts';
import { type PlaceFacts, wantedPlaces } from './places.ts';

const nothing = { milter: [], inbound: [], policy: [] };
const one = socketsOf('/var/spool/postfix');
const other = socketsOf('/var/spool/out');
const old = { milter: [oldAddresses.milter], inbound: [], policy: [oldAddresses.policy] };
const fresh: PlaceFacts = {
  settings: { milter: 'auto', policy: 'auto' },
  auto: 'sockets',
  activated: [],
  instances: [],
  asked: [],
  connectedBefore: false,
  open: nothing,
};
const queueDirectory = '/var/spool/postfix';
const doors = {
  milter: 'unix:postern/milter',
  inbound: 'unix:postern/inbound',
  policy: 'unix:postern/policy',
};
const unproved = { queueDirectory, doors, proved: false };
const proved = { queueDirectory, doors, proved: true };
const { milter } = oldAddresses;
const before = { ...unproved, doors: { ...oldAddresses, inbound: milter } };
const list = (sockets: typeof one) => ({
  milter: [sockets.milter],
  inbound: [sockets.inbound],
  policy: [sockets.policy],
});
const both = { ...old, milter: [one.milter, ...old.milter], inbound: [one.inbound] };
const withOld = { ...both, policy: [one.policy, ...old.policy] };

const rows: readonly (readonly [string, Partial<PlaceFacts>, DoorPlaces])[] = [
  ['nothing is known', {}, nothing],
  ['no configuration', { auto: 'loopback' }, old],
  ['systemd opened them', { activated: Object.values(one) }, list(one)],
  ['another socket of systemd', { activated: ['unix:/run/x', 'inet:127.0.0.1:1'] }, nothing],
  ['one Postfix', { instances: [proved] }, list(one)],
  [
    'systemd opened those of one, connect told of two',
    {
      activated: Object.values(one),
      instances: [proved, { ...proved, queueDirectory: '/var/spool/out' }],
    },
    {
      milter: [one.milter, other.milter],
      inbound: [one.inbound, other.inbound],
      policy: [one.policy, other.policy],
    },
  ],
  ['main.cf of 0.1', { asked: [old], connectedBefore: true }, old],
  ['main.cf of 0.1, unreadable', { asked: [undefined], connectedBefore: true }, old],
  ['a main.cf, unreadable', { asked: [undefined] }, nothing],
  ['0.1, being connected anew', { instances: [unproved], asked: [old], open: old }, withOld],
  ['0.1 connected it, another is new', { instances: [before], asked: [old] }, old],
  [
    'without a policy door',
    { instances: [{ ...proved, doors: { ...doors, policy: 'off' } }] },
    {
      ...list(one),
      policy: [],
    },
  ],
  ['changed, not yet proved', { instances: [unproved], asked: [list(one)], open: old }, withOld],
  ['changed and proved', { instances: [proved], asked: [list(one)], open: withOld }, list(one)],
  ['proved, main.cf went back', { instances: [proved], asked: [old], open: list(one) }, withOld],
  ['proved, unreadable since', { instances: [proved], asked: [undefined], open: old }, withOld],
];
for (const [name, facts, wanted] of rows) {
  test(`where the doors must be: ${name}`, () => {
    assert.deepEqual(wantedPlaces({ ...fresh, ...facts }), wanted);
  });
}

test('a setting counts before all else, for its own door', () => {
  const settings = { milter: 'inet:192.0.2.1:1', policy: 'off' };
  const facts = { ...fresh, instances: [proved], asked: [old], activated: Object.values(one) };
  const chosen = { milter: ['inet:192.0.2.1:1'], inbound: [], policy: [] };
  assert.deepEqual(wantedPlaces({ ...facts, settings }), chosen);
  const policy = wantedPlaces({ ...facts, settings: { milter: 'off', policy: 'auto' } });
  assert.deepEqual(policy, { milter: [], inbound: [], policy: withOld.policy });
});
