/** Which services take mail back from a filter, and which only look like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from './main-cf.ts';
import { parseMasterCf } from './master-cf.ts';
import { smtpdServices } from './services.ts';

const filter = 'content_filter = scan:[127.0.0.1]:10024';
const rows = [
  ['loopback, turns the filter off', '', '127.0.0.1:10025', '-o content_filter=', 'reinjection'],
  ['loopback, in braces', '', '[::1]:10025', '-o { content_filter = }', 'reinjection'],
  [
    'loopback, checks made before',
    '',
    '127.0.0.1:10025',
    '-o receive_override_options=no_unknown_recipient_checks',
    'reinjection',
  ],
  [
    'loopback, believes the filter',
    '',
    'localhost:10025',
    '-o smtpd_authorized_xforward_hosts=127.0.0.0/8',
    'reinjection',
  ],
  [
    'every address, for the networks of the filter',
    '',
    '10025',
    '-o content_filter= -o mynetworks=172.16.0.0/12',
    'reinjection',
  ],
  ['every address, the filter turned off alone', filter, '2525', '-o content_filter=', 'smtp'],
  ['loopback, nothing said, no filter anywhere', '', '127.0.0.1:2525', '', 'smtp'],
  ['loopback, asks the filter itself', filter, '127.0.0.1:2525', '', 'smtp'],
  [
    'loopback, asks a filter of its own',
    '',
    '127.0.0.1:2525',
    '-o content_filter=scan:[127.0.0.1]:10024',
    'smtp',
  ],
  [
    'people log in',
    filter,
    '127.0.0.1:10025',
    '-o content_filter= -o smtpd_sasl_auth_enable=yes',
    'submission',
  ],
  ['port 25', filter, 'smtp', '-o content_filter= -o mynetworks=10.0.0.0/8', 'smtp'],
  ['milters turned off alone', '', '127.0.0.1:2525', '-o smtpd_milters=', 'smtp'],
] as const;

for (const [name, main, service, options, role] of rows) {
  test(`${name}: ${role}`, () => {
    const text = `${service} inet n - y - - smtpd\n  ${options}\n`;
    const [found] = smtpdServices(parseMainCf(main), parseMasterCf(text));
    assert.equal(found?.role, role);
  });
}
