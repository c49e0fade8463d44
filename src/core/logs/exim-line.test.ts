/** What a client chooses never counts as a field of Exim's line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eximFacts } from './exim-line.ts';

const id = '1abcde-000001-AB';
const came = 'H=(pc) [198.51.100.66]:5 P=esmtps';
const login = 'A=plain:joe@here.test';
const other = 'R=1zzzzz-000001-AB';
const forged: Record<string, string> = {
  'a subject': `${id} <= x@evil.test ${came} S=900 id=m@x T="${login} ${other}" for a@x`,
  'a subject, without a Message-ID': `${id} <= x@evil.test ${came} S=900 T="${login} id=m2@x"`,
  'a Message-ID': `${id} <= x@evil.test ${came} S=900 id=m ${login}`,
  'the name in a certificate': `${id} <= x@evil.test ${came} CV=no DN="CN=a ${login}" S=900 id=m@x`,
  'the name of a server': `${id} <= x@evil.test ${came} SNI="a ${login}" S=900 id=m@x`,
  'a subject of a script': `${id} <= w@x U=w P=local S=900 T="${other} ${login}" for a@x b@x`,
  'a sender that is refused': `H=(pc) [198.51.100.66]:5 F=<"a ${login}"@x> rejected RCPT <b@x>: no`,
};

for (const [name, line] of Object.entries(forged)) {
  test(`no login and no notice by ${name}`, () => {
    const facts = eximFacts(line, 'here.test') ?? [];
    assert.ok(facts.length > 0);
    for (const fact of facts) {
      assert.ok(fact.kind !== 'login' && fact.kind !== 'bounce-made', fact.kind);
      if (fact.kind === 'entered' || fact.kind === 'rejected') assert.equal(fact.login, undefined);
      if (fact.kind === 'named') assert.notEqual(fact.messageId, '<m2@x>');
      if (fact.kind === 'queued') assert.equal(fact.sizeBytes, 900);
    }
  });
}

test('the login, the Message-ID and the recipients of a line with all fields', () => {
  const line =
    `${id} <= joe@here.test H=(pc) [192.0.2.7]:5 I=[192.0.2.1]:587 P=esmtpsa X=TLS1.3:A:256 ` +
    `CV=no DN="CN=\\"x\\"" SNI="mx" A=plain:joe K S=900 DKIM=x id=m@x T="x \\" S=1" for a@x b@x`;
  assert.deepEqual(
    (eximFacts(line, 'here.test') ?? []).map((fact) => {
      if (fact.kind === 'entered') return fact.login;
      if (fact.kind === 'named') return fact.messageId;
      return fact.kind === 'queued' ? [fact.sizeBytes, fact.recipientCount] : fact.kind;
    }),
    ['login', 'joe@here.test', '<m@x>', [900, 2]],
  );
  const notice = `${id} <= <> ${other} U=exim P=local S=900 T="Mail failed" for joe@x`;
  assert.equal(eximFacts(notice, '')?.[0]?.kind, 'entered');
  assert.equal(eximFacts(notice, '')?.[1]?.kind, 'bounce-made');
});
