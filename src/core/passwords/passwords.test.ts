/** Words of an account, generated candidates, mails to owners, verdicts, and rows of an audit. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { checkPasswords } from '../checklist/passwords.ts';
import { lastAuditKey, loginKey, notedRows, nothingReported, summaryOf } from './audit-report.ts';
import { keyboardPatterns, seasonsAndYears } from './generated.ts';
import { ownWords } from './own-words.ts';
import { ownerMail, ownTemplates } from './owner-mail.ts';
import { strengthText } from './strength.ts';
import { passwordVerdict, verdictText } from './verdict.ts';
import { type WeakPassword, whatToDo } from './weak.ts';

describe('words of an account', () => {
  const cases = [
    [
      'login, name, domain',
      'j.weber@example.org',
      'Joe Weber',
      '',
      ['j.weber', 'weber', 'Joe', 'Weber', 'JoeWeber', 'JWeber', 'example'],
    ],
    ['no domain', 'root', '', '', ['root']],
    ['an organisation', 'ann', '', 'Muster & Söhne GmbH', ['ann', 'Muster', 'Söhne', 'GmbH']],
    ['nothing that a passwd file would take apart', 'a:b\n', 'x,:y', '', ['ab', 'xy']],
  ] as const;
  for (const [name, account, person, organisation, words] of cases) {
    test(name, () => assert.deepEqual(ownWords({ account, name: person, organisation }), words));
  }
});

test('keyboard patterns and seasons hold what people set, once each', () => {
  const patterns = keyboardPatterns();
  for (const one of ['qwertz123', '1qaz2wsx', 'asdfgh', 'Qwerty1!', 'yxcvbnm', '1q2w3e4r']) {
    assert.ok(patterns.includes(one), one);
  }
  const seasons = seasonsAndYears(2026);
  for (const one of [
    'Summer2026!',
    'winter25',
    'Sommer2024',
    'Welcome1',
    'Herbst@2025',
    'März2026',
  ]) {
    assert.ok(seasons.includes(one), one);
  }
  for (const list of [patterns, seasons]) assert.equal(new Set(list).size, list.length);
  assert.ok(patterns.length < 6_000 && seasons.length < 12_000);
});

test('the mail to an owner has all languages, the facts, and no link', () => {
  const facts = { account: 'joe@example.org', host: 'mail.example.org', contact: 'the admin' };
  const { subject, body } = ownerMail([ownTemplates['en'] ?? '', ownTemplates['de'] ?? ''], facts);
  assert.match(
    subject,
    /^Please change .*joe@example\.org \/ Bitte ändern Sie .*joe@example\.org$/,
  );
  for (const text of Object.values(facts)) assert.ok(body.includes(text), text);
  assert.ok(!/https?:|\{/.test(body));
  assert.equal(ownerMail(['Subject: one line'], facts).subject, 'one line');
});

describe('verdicts on a new password', () => {
  const facts = { score: 4, warning: '', suggestions: [], leaks: 0, listed: false, length: 20 };
  const cases = [
    ['good', facts, 'good'],
    [
      'known from leaks',
      { ...facts, leaks: 12 },
      'weak: it is known from leaks (12 times); better: several',
    ],
    ['on a list', { ...facts, listed: true }, 'weak: it is on a list of known passwords'],
    ['nobody could be asked', { ...facts, leaks: undefined }, 'good'],
    [
      'zxcvbn says why',
      { ...facts, score: 1, warning: 'topTen', suggestions: ['anotherWord', 'no-such'] },
      'weak: it is one of the 10 most common passwords; better: one or two more unexpected words',
    ],
    ['empty', { ...facts, score: 0, length: 0 }, 'weak: it is empty'],
  ] as const;
  for (const [name, one, text] of cases) {
    test(name, () => assert.ok(verdictText(passwordVerdict(one, 3)).startsWith(text)));
  }
});

describe('what an audit changes', () => {
  const login = { source: 'shadow:/etc/shadow', account: 'joe' };
  const found = { ...login, scheme: 'yescrypt', strength: 'under-a-second', by: 'single' } as const;
  const at = (ms: number): { now: Millis; defaultDomain: string } => ({
    now: ms as Millis,
    defaultDomain: 'example.org',
  });
  const report = { ...nothingReported, found: [{ ...found, since: 5 as Millis }] };
  const [row] = notedRows(new Map(), report, at(10));
  assert.ok(row !== undefined);
  const known = new Map([[loginKey(login), row]]);

  test('found: known to the guard by its whole name', () => {
    assert.equal(row.account, 'joe@example.org');
    assert.deepEqual(
      [row.login, row.since, row.changedAt, row.toldAt],
      ['joe', 5, undefined, undefined],
    );
  });
  test('found again: weak since the first time, and told stays told', () => {
    const [told] = notedRows(known, { ...nothingReported, told: [login] }, at(20));
    assert.equal(told?.toldAt, 20);
    const again = new Map([[loginKey(login), told as WeakPassword]]);
    const later = { ...nothingReported, found: [{ ...found, since: 99 as Millis }] };
    assert.deepEqual(notedRows(again, later, at(100)), [{ ...row, toldAt: 20 }]);
  });
  test('changed, and found weak once more: since now', () => {
    const [changed] = notedRows(known, { ...nothingReported, changed: [login] }, at(30));
    assert.equal(changed?.changedAt, 30);
    const both = {
      ...nothingReported,
      changed: [login],
      found: [{ ...found, since: 40 as Millis }],
    };
    const [anew] = notedRows(known, both, at(40));
    assert.deepEqual([anew?.since, anew?.changedAt], [40, undefined]);
  });
  test('what nobody knew is not changed', () => {
    assert.deepEqual(
      notedRows(new Map(), { ...nothingReported, changed: [login], told: [login] }, at(1)),
      [],
    );
  });
  test('what to do depends on what was done', () => {
    assert.match(whatToDo(row), /notify/);
    assert.match(whatToDo({ ...row, toldAt: 1 as Millis }), /the owner was told/);
    assert.match(whatToDo({ ...row, strength: 'no-password' }), /set a password/);
    assert.match(strengthText(row.strength, row.by), /under a second \(made from the name/);
  });
});

describe('doctor on the last audit', () => {
  const day = 86_400_000;
  const last = {
    at: 0 as Millis,
    day: '2026-11-25',
    accounts: 7,
    weak: 0,
    faults: 0,
    complete: true,
  };
  const cases = [
    ['none yet', undefined, 0, 0, 'warn'],
    ['good', last, 0, day, 'ok'],
    ['weak ones', last, 2, day, 'fail'],
    ['long ago', last, 0, 40 * day, 'warn'],
    ['not finished', { ...last, complete: false }, 0, day, 'warn'],
  ] as const;
  for (const [name, summary, weak, now, kind] of cases) {
    test(name, () => {
      const finding = checkPasswords(summary, weak, now as Millis);
      assert.equal(finding.kind, kind);
      assert.equal(finding.fix === '', kind === 'ok');
      if (summary !== undefined) assert.match(finding.found, /^2026-11-25: 7 accounts/);
    });
  }
  test('a summary of another version does not count', () => {
    assert.equal(summaryOf(undefined), undefined);
    assert.equal(summaryOf('[]'), undefined);
    assert.deepEqual(summaryOf(JSON.stringify(last)), last);
    assert.equal(lastAuditKey, 'passwords.audit');
  });
});
