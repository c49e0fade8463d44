/**
 * The import reads rspamd's tables as rspamd does: names that fit several lines, capitals, and rows
 * that are there twice. rspamd with Hyperscan takes the match that ends first.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { rspamdSource } from '../../src/commands/dkim/import-sources.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import { signedByRspamd } from '../../src/partners/keys/other-signers.ts';
import { giveToRspamd } from './rspamd-process.ts';
import { startRspamdSigner } from './rspamd-signer.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-rspamd-tables-'));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true, force: true }));
const pem = await makeKeyPair('rsa');

/** Hyperscan is for processors of this kind alone; elsewhere the first line counts. */
const skip = process.arch === 'x64' ? false : 'rspamd has no Hyperscan on this processor';

const names = ['k10', 'k1', 'bc', 'ab', 'a', 'q', 'pq', 't*', 'tu', 'v*x', 'vw', 'MN', 'g?i'];
const wanted = ['k10', 'k1', 'xk1y', 'k2', 'ab', 'abc', 'pq', 'tu', 'vwx', 'mn', 'ghi'];
const hosts = wanted.map((_, nth) => `name-${String.fromCharCode(97 + nth)}.test`);

type Case = { readonly signing: readonly string[]; readonly keys: readonly string[] };
const cases: Readonly<Record<string, Case & { readonly authors: readonly string[] }>> = {
  'names that are parts of others': {
    keys: names,
    signing: wanted.map((name, nth) => `*@${hosts[nth]} ${name}`),
    authors: hosts.map((host) => `joe@${host}`),
  },
  'a pattern for all behind others': {
    keys: ['one', 'all'],
    signing: ['*@one-host.test one', '*@* all'],
    authors: ['joe@one-host.test', 'joe@two-host.test'],
  },
  'a star for all, so that the first line counts': {
    keys: ['one', 'two', 'all'],
    signing: ['*@one-host.test one', '*@one-host.te two', '* all'],
    authors: ['joe@one-host.test', 'joe@two-host.test'],
  },
};

for (const [title, { keys, signing, authors }] of Object.entries(cases)) {
  test(`rspamd signs as the import reads it: ${title}`, { skip }, async () => {
    const folder = mkdtempSync(join(root, 'r-'));
    chmodSync(folder, 0o755);
    giveToRspamd(folder);
    const write = (name: string, lines: readonly string[]): string => {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      giveToRspamd(dirname(path));
      writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o640 });
      giveToRspamd(path);
      return path;
    };
    const key = write('key', [pem]);
    const rows = keys.map((name, nth) => `${name} %:s${nth}:${key}`);
    const conf = write('local.d/dkim_signing.conf', [
      'sign_local = true;',
      `key_table = "${write('keys', rows)}";`,
      `signing_table = "${write('signing', signing)}";`,
    ]);
    await using rspamd = await startRspamdSigner(folder);
    const setup = rspamdSource(conf);
    for (const author of authors) {
      const [user = '', host = ''] = author.split('@');
      const text = `From: <${author}>\r\nSubject: hello\r\n\r\nHello.\r\n`;
      const fields = await signedByRspamd(rspamd.url, text, author);
      assert.deepEqual(
        fields.map((field) => /\bs=([^;\s]+)/.exec(field)?.[1]),
        setup.signaturesOf({ user, host }).map(({ selector }) => selector),
        author,
      );
    }
  });
}
