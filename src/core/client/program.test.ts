/** What a program is called, whatever its mail says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { programOf } from './program.ts';

const nameOf = (mailer: string): string =>
  programOf({ kind: 'send', id: '', at: 0 as Millis, account, traits: { mailer } }).slice(4);
const account = 'a@x.example' as Account;

test('a version at the end of a name does not count, nor what stands around it', () => {
  const cases = [
    ['Mozilla Thunderbird 140.5.0', 'Mozilla Thunderbird'],
    ['Apple Mail (2.3864.200.81)', 'Apple Mail (2.3864.200.81)'],
    ['Mutt/2.2.13 (00d56288) (2024-03-09)', 'Mutt/2.2.13 (00d56288) (2024-03-09)'],
    ['Mutt/2.2.13 (2024-03-09)', 'Mutt'],
    ['Roundcube Webmail/1.6.5', 'Roundcube Webmail'],
    ['PHPMailer 6.9.1 (https://github.com/PHPMailer)', 'PHPMailer'],
    ['iPhone Mail', 'iPhone Mail'],
    ['v1)', 'v1)'],
    ['1.2', ''],
    ['', ''],
  ] as const;
  for (const [mailer, name] of cases) assert.equal(nameOf(mailer), name, mailer);
});

test('it is the same as by a pattern, whatever the name', () => {
  const version = /[\s/]*[\d.]+[\w.+~-]*(?: \([^()]*\))?$/;
  const names = fc.string({ unit: fc.constantFrom(...'1.a /()-\n\u00a0'), maxLength: 14 });
  fc.assert(
    fc.property(names, (name) => assert.equal(nameOf(name), name.replace(version, ''))),
    { numRuns: 3_000 },
  );
});
