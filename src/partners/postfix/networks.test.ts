import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetworks, type NetworkLists } from './networks.ts';

const files: Readonly<Record<string, string>> = {
  '/lan': '# ours\n10.0.0.0/8, 192.0.2.1\n\n  !10.9.9.9 [fd00::]/8\n',
  '/more': '/lan hash:/clients\n',
  '/loop': '198.51.100.1 /loop\n',
  '/half': '198.51.100.2 !cidr:/x 198.51.100.3\n',
};
const lists: NetworkLists = {
  file: async (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`no ${path}`);
    return text;
  },
  keys: async (table) =>
    table === 'hash:/clients'
      ? ['192.0.2.7', '2001:db8::7', '10.0.0.0/8', 'host.example', '!192.0.2.8']
      : undefined,
};

const rows = [
  [
    'addresses and networks of both families',
    '127.0.0.0/8 [::ffff:127.0.0.0]/104,[::1]/128 [2001:db8::1]\t192.0.2.1',
    '127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 [2001:db8::1] 192.0.2.1',
    '',
  ],
  ['exclusions keep their place', '!10.0.0.5 10.0.0.0/8', '!10.0.0.5 10.0.0.0/8', ''],
  ['a file', '/lan', '10.0.0.0/8 192.0.2.1 !10.9.9.9 [fd00::]/8', ''],
  ['a file that is excluded', '!/lan ::1', '!10.0.0.0/8 !192.0.2.1 10.9.9.9 ![fd00::]/8 ::1', ''],
  [
    'a file in a file',
    '/more',
    '10.0.0.0/8 192.0.2.1 !10.9.9.9 [fd00::]/8 192.0.2.7 2001:db8::7',
    '',
  ],
  ['a table: whole addresses alone', 'hash:/clients', '192.0.2.7 2001:db8::7', ''],
  ['a table that is excluded', '!hash:/clients', '!192.0.2.7 !2001:db8::7', ''],
  [
    'what cannot be listed',
    'cidr:/x host.example 10.0.0.0/33 /gone ::1',
    '::1',
    'cidr:/x host.example 10.0.0.0/33 /gone',
  ],
  [
    'nothing after an exclusion that cannot be listed',
    '::1 !cidr:/x 10.0.0.0/8',
    '::1',
    '!cidr:/x',
  ],
  ['nor after that in a file', '/half ::1', '198.51.100.2', '!cidr:/x'],
  [
    'nor a table in braces, which is one word',
    '::1 cidr:{ {10.0.0.0/8 OK} } 192.0.2.1',
    '::1 192.0.2.1',
    'cidr:{ {10.0.0.0/8 OK} }',
  ],
  ['nothing', ' ', '', ''],
] as const;
for (const [name, mynetworks, found, unread] of rows) {
  test(`mynetworks: ${name}`, async () => {
    const listed = await clientNetworks(mynetworks, lists);
    assert.deepEqual([listed.found.join(' '), listed.unread.join(' ')], [found, unread]);
  });
}

test('a file that names itself ends', async () => {
  const { found, unread } = await clientNetworks('/loop ::1', lists);
  assert.deepEqual([found.length, found.at(-1), unread], [6, '::1', ['/loop']]);
});
