/** The addresses that mail leaves from, as main.cf and master.cf set them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from './main-cf.ts';
import { parseMasterCf } from './master-cf.ts';
import { type SourceAddresses, sourceAddresses } from './source-addresses.ts';

const rows: readonly (readonly [string, string, string, SourceAddresses])[] = [
  ['nothing is set', '', 'smtp unix - - y - - smtp\n', { bound: [], free: [4, 6], relayHost: '' }],
  [
    'IPv4 is bound, and IPv6 is off',
    'smtp_bind_address = 192.0.2.25\ninet_protocols = ipv4\n',
    'smtp unix - - y - - smtp\n',
    { bound: ['192.0.2.25'], free: [], relayHost: '' },
  ],
  [
    'a service has an address of its own, by a parameter of the operator',
    'second = 192.0.2.26\ninet_protocols = ipv4\n',
    'smtp unix - - y - - smtp\nslow unix - - y - - smtp\n  -o smtp_bind_address=$second\n',
    { bound: ['192.0.2.26'], free: [4], relayHost: '' },
  ],
  [
    'all mail goes to a relay',
    'relayhost = [relay.example.org]:587\n',
    'smtp inet n - y - - smtpd\n',
    { bound: [], free: [], relayHost: '[relay.example.org]:587' },
  ],
];
for (const [name, main, master, want] of rows) {
  test(name, () => {
    assert.deepEqual(sourceAddresses(parseMainCf(main), parseMasterCf(master)), want);
  });
}
