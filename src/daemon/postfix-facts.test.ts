import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MailFacts } from '../partners/postfix/mail-facts.ts';
import { type KnownPostfix, openPostfixFacts } from './postfix-facts.ts';

test('a Postfix that could not be asked is asked again, once a minute, and told once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pfa-'));
  try {
    const main = join(folder, 'main.cf');
    writeFileSync(main, '');
    let answers = false;
    let asked = 0;
    let known: readonly KnownPostfix[] = [];
    const logged: string[] = [];
    const facts = openPostfixFacts({
      learn: (all) => {
        known = all;
      },
      async read() {
        asked++;
        if (!answers) throw new Error('postconf took too long');
        return found(main);
      },
      log: (_, event) => logged.push(event),
    });
    facts.told({ configDirectory: folder, localDomains: ['told.test'], clientNetworks: [] });
    for (let look = 0; look < 12; look++) await facts.ask();
    assert.equal(asked, 1);
    await facts.ask();
    assert.equal(asked, 2);
    assert.deepEqual(logged, ['postfix.not-asked']);
    answers = true;
    for (let look = 0; look < 12; look++) await facts.ask();
    assert.deepEqual(logged, ['postfix.not-asked', 'postfix.asked']);
    assert.deepEqual(known[0]?.localDomains, ['found.test']);
    const before = asked;
    for (let look = 0; look < 30; look++) await facts.ask();
    assert.equal(asked, before, 'nothing has changed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function found(main: string): MailFacts {
  return {
    localDomains: ['found.test'],
    clientNetworks: [],
    transports: { here: [], away: [] },
    filterUsers: [],
    logins: undefined,
    unread: { domains: [], clients: [], transports: [], filters: [] },
    files: [main],
  };
}
