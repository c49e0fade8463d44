/** What foreign authors mean: for the signature, as a reason to hold, as evidence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openServer, type ScriptedAccount } from '../../../test/doubles/server.ts';
import { dayMs } from '../../lib/time.ts';
import type { Judgement } from '../account/judge.ts';
import { boosts, suspendAt } from '../account/signals.ts';
import type { Account } from '../account-name.ts';
import type { AuthorsFinding } from '../authors-finding.ts';
import { firstReasonText, holdReason, reasonText } from '../explain.ts';
import { shownUnsigned, unsignedText } from '../unsigned-text.ts';
import { type AskedAuthor, type AuthorRules, judgeAuthors } from './finding.ts';
import type { Permission } from './permission.ts';

const name = 'ann@here.example';
const ann = (): ScriptedAccount => openServer().account(name).ordinaryDays(28);
const signals = ({ reasons }: Judgement): readonly string[] => reasons.map(({ signal }) => signal);
const boss = 'boss@other.example';
const found = (more: Partial<AuthorsFinding> = {}): AuthorsFinding => ({
  unsigned: 'foreign',
  foreign: [{ address: boss, place: 'from', kind: 'foreign', source: '' }],
  author: boss,
  holds: false,
  ...more,
});

const asked = (place: AskedAuthor['place'], isSignedHere = true): AskedAuthor => ({
  address: `${place}@other.example`,
  place,
  isSignedHere,
});
const may = (...kinds: readonly Permission['kind'][]): readonly Permission[] =>
  kinds.map((kind) => ({ kind, source: '' }));

const rules = (holdsForeign: boolean, isPassedOn = false): AuthorRules => ({
  holdsForeign,
  isPassedOn,
});

test('one author that it may not use is enough; a missing answer allows nothing', () => {
  const two = [asked('from'), asked('sender')];
  assert.equal(judgeAuthors(two, may('own', 'map'), rules(false)), undefined);
  assert.equal(judgeAuthors(two, may('foreign', 'own'), rules(false))?.unsigned, 'foreign');
  assert.equal(judgeAuthors(two, may('unknown', 'own'), rules(false))?.unsigned, 'unknown');
  assert.equal(judgeAuthors(two, may('own'), rules(false))?.unsigned, undefined);
  assert.equal(judgeAuthors([asked('from')], [], rules(false))?.unsigned, 'unknown');
  const both = judgeAuthors(
    [asked('from'), asked('from')],
    may('unknown', 'foreign'),
    rules(false),
  );
  assert.equal(both?.unsigned, 'foreign', 'what is certain is said');
  const other = judgeAuthors(two, may('own', 'foreign'), rules(true));
  assert.deepEqual([other?.unsigned, other?.holds, other?.foreign.length], [undefined, false, 1]);
  const related = judgeAuthors([asked('from', false)], may('foreign'), rules(true));
  assert.deepEqual([related?.unsigned, related?.foreign, related?.holds], ['foreign', [], false]);
});

test('who may write as everybody signs nothing that it passes on; a named address is meant', () => {
  const all: Permission = { kind: 'declared', source: 'user:vmail *', isForAll: true };
  const judged = judgeAuthors([asked('from')], [all], rules(true, true));
  assert.deepEqual(judged, {
    unsigned: 'passed-on',
    author: 'from@other.example',
    foreign: [],
    holds: false,
  });
  assert.equal(judgeAuthors([asked('from')], [all], rules(true)), undefined);
  assert.equal(judgeAuthors([asked('sender')], [all], rules(true, true)), undefined);
  assert.equal(judgeAuthors([asked('from')], may('declared'), rules(true, true)), undefined);
  const two = [asked('from'), asked('from')];
  const also = judgeAuthors(two, [all, ...may('foreign')], rules(true, true));
  assert.deepEqual([also?.unsigned, also?.holds], ['foreign', true]);
});

test('a table that has an address of a domain does not allow all of them', () => {
  const some = [{ ...asked('from'), address: '@other.example' }];
  assert.equal(judgeAuthors(some, may('map'), rules(false))?.unsigned, 'foreign');
  assert.equal(judgeAuthors(some, may('declared'), rules(false)), undefined);
});

test('it holds only where the operator said so, for exempt accounts too', () => {
  assert.equal(ann().send({ authors: found() }).verdict, 'pass');
  const judged = ann().send({ authors: found({ holds: true }) });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'clear']);
  assert.match(firstReasonText(judged.reasons), /^From: boss@other\.example, which nothing/);
  assert.match(holdReason(judged.reasons), /^postern: From: boss@other\.example/);
  const server = openServer();
  const exempt = server.account(name).ordinaryDays(28);
  server.flags = { ...server.flags, exemptUntil: (exempt.now + dayMs) as typeof exempt.now };
  assert.equal(exempt.send({ authors: found({ holds: true }) }).verdict, 'hold');
});

test('what holds says whether the tables could be asked, or From was too long', () => {
  const text = (more: Partial<AuthorsFinding>): string =>
    ann()
      .send({ authors: found({ holds: true, foreign: [], ...more }) })
      .reasons.map(reasonText)
      .join();
  assert.match(text({ unsigned: 'unknown' }), /could not be asked/);
  assert.match(text({ unsigned: 'long-from', author: '' }), /more than Postern reads/);
  assert.match(text({ author: '@other.example' }), /an address of other\.example/);
});

test('a foreign author is a second kind of evidence, and weighs more than a new one', () => {
  const numbers = ann().send({ strangers: 80 });
  assert.ok(numbers.evidence >= suspendAt);
  assert.equal(numbers.state, 'watched');
  const judged = ann().send({ strangers: 80, authors: found() });
  assert.equal(judged.state, 'suspended');
  assert.ok(signals(judged).includes('foreign-author'));
  const one = ann().send({ strangers: 6, from: boss });
  const more = ann().send({ strangers: 6, from: boss, authors: found() });
  const factor = (more.evidence * boosts.identity) / (one.evidence * boosts.foreign);
  assert.ok(Math.abs(factor - 1) < 0.01, `${factor}`);
  assert.ok(!signals(more).includes('new-identity'), 'it is said once');
});

test('on the first day of an account no address is usual yet, and none is evidence', () => {
  const fresh = (authors?: AuthorsFinding): number =>
    openServer()
      .account(name)
      .send({ strangers: 6, from: boss, ...(authors === undefined ? {} : { authors }) }).evidence;
  assert.equal(fresh(found()), fresh());
});

test('it is no evidence where it is usual, where nobody knows, and for hosts', () => {
  const evidence = (of: string, authors: AuthorsFinding): number =>
    openServer().account(of).ordinaryDays(28).send({ strangers: 6, authors }).evidence;
  const quiet = evidence(name, found({ foreign: [] }));
  const unknown = found({
    unsigned: 'unknown',
    foreign: [{ address: boss, place: 'from', kind: 'unknown', source: '' }],
  });
  assert.equal(evidence(name, unknown), quiet);
  assert.ok(evidence(name, found()) > quiet);
  for (const host of ['local:joe@here.example', 'client:192.0.2.7', 'script:/var/www/x.php']) {
    assert.equal(evidence(host, found()), evidence(host, found({ foreign: [] })), host);
  }
  const used = ann();
  used.send({ to: used.friends(1), from: boss, authors: found() });
  used.until(2, 10);
  const later = used.send({ strangers: 6, from: boss, authors: found() });
  assert.ok(!signals(later).includes('foreign-author'), 'an owner who has not declared it yet');
});

test('a virus comes first, and numbers that suspend do too', () => {
  const judged = ann().send({ strangers: 80, authors: found({ holds: true }) });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'suspended']);
});

test('why no key signed, and the command that allows it', () => {
  assert.deepEqual(unsignedText('joe@a.test', { why: 'foreign', author: 'ceo@b.test' }), {
    text: 'nothing on this server allows joe@a.test to write as ceo@b.test',
    allow: 'postern accounts may-write-as joe@a.test ceo@b.test',
  });
  const some = unsignedText('client:192.0.2.7', { why: 'unknown', author: '@b.test' });
  assert.equal(some.allow, 'postern accounts may-write-as client:192.0.2.7 @b.test');
  for (const why of ['long-from', 'off', 'no-from', 'no-key'] as const) {
    assert.equal(unsignedText('joe@a.test', { why, author: '' }).allow, '');
  }
});

test('what is allowed meanwhile needs no command any more', () => {
  const message = {
    account: 'joe@a.test' as Account,
    unsigned: { why: 'foreign', author: 'ceo@b.test' },
  } as const;
  const shown = (isDeclared: boolean) =>
    shownUnsigned(message, { hasKeys: () => true, isDeclared: () => isDeclared }).unsigned;
  assert.equal(shown(false)?.allow, 'postern accounts may-write-as joe@a.test ceo@b.test');
  assert.deepEqual(shown(true), {
    text: 'joe@a.test was not allowed to write as ceo@b.test then; it is now, for later mail',
    allow: '',
  });
});
