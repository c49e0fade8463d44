/** What the bypass meter counts of mail that says it comes back from a filter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BypassRig, bypassRig, joe } from '../../../test/doubles/bypass.ts';
import { minuteMs } from '../../lib/time.ts';

/** Name, what happens, what it counts as. */
const ways: readonly (readonly [
  string,
  (rig: BypassRig) => void,
  Readonly<Record<string, number>>,
])[] = [
  [
    'two filters, and an alias that Postfix looks up only behind the first',
    ({ came, goes, judged }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { previousId: 'AAAAA1' });
      const alias = { original: 'info@example.test', relay: 'here' } as const;
      goes('AAAAA1', { recipient: 'info@example.test', relay: 'here' });
      came('CCCCC1', { previousId: 'BBBBB1' });
      goes('BBBBB1', { ...alias, requeuedAs: 'CCCCC1' });
      goes('CCCCC1');
    },
    { judged: 1 },
  ],
  [
    'a filtered message that an operator requeued, and that local(8) forwards',
    ({ came, goes, judged, seen }) => {
      came('AAAAA1', { login: joe });
      judged('AAAAA1');
      came('BBBBB1', { previousId: 'AAAAA1' });
      goes('AAAAA1', { recipient: 'ann@example.test', relay: 'here' });
      came('CCCCC1', { uid: 0, previousId: 'BBBBB1' });
      seen({ kind: 'named', queueId: 'DDDDD1', messageId: '<AAAAA1@x>' });
      goes('CCCCC1', { service: 'postfix/local', reply: 'forwarded as DDDDD1' });
      goes('DDDDD1');
    },
    { judged: 1 },
  ],
  [
    'a copy for an archive that is added behind the filter',
    ({ came, goes, judged, pass }) => {
      for (let nth = 0; nth < 9; nth++) {
        came(`AAAAA${nth}`, { login: joe });
        judged(`AAAAA${nth}`);
        came(`BBBBB${nth}`, { previousId: `AAAAA${nth}` });
        goes(`AAAAA${nth}`, { relay: 'here', requeuedAs: `BBBBB${nth}` });
        goes(`BBBBB${nth}`);
        goes(`BBBBB${nth}`, { recipient: 'archive@world.test' });
        pass(6 * minuteMs);
      }
    },
    { judged: 9 },
  ],
  ...(['XFORWARD', 'Message-ID'] as const).map((by): (typeof ways)[number] => [
    `a program that names a judged message to the service behind the filter, by ${by}`,
    ({ came, goes, judged, pass }) => {
      for (let nth = 0; nth < 60; nth++) {
        came(`AAAAA${nth}`, { login: joe });
        judged(`AAAAA${nth}`);
        goes(`AAAAA${nth}`, { recipient: 'me@example.test', relay: 'here' });
        if (by === 'XFORWARD') came(`BBBBB${nth}`, { previousId: `AAAAA${nth}` });
        else came(`BBBBB${nth}`, {}, `<AAAAA${nth}@x>`);
        goes(`BBBBB${nth}`, { recipient: `s${nth}@world.test` });
      }
      pass(6 * minuteMs);
      goes('AAAAA1', { recipient: 'me@example.test', relay: 'here' });
    },
    { bypassed: 10, judged: 50 },
  ]),
];

for (const [name, happens, want] of ways) {
  test(name, () => {
    const one = bypassRig();
    happens(one);
    assert.deepEqual(one.counts(), want);
  });
}
