import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DkimKey } from '../../core/signing/key.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { makeKeyPair } from '../../lib/private-key.ts';
import { keyFile, openKeyFiles, unwriteKeyFile, writeKeyFile } from './key-files.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-key-files-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const newFolder = (): string => {
  made += 1;
  return join(root, `keys-${made}`);
};
const wanted = {
  domain: 'example.org',
  selector: 's1',
  algorithm: 'ed25519-sha256',
  bits: 256,
} as const;
const row = (facts: object): DkimKey => ({ ...wanted, ...facts }) as unknown as DkimKey;

function fault(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof OperatorError, String(error));
    return `${error.code}: ${error.message}`;
  }
  return 'nothing';
}

test('a key is made for its owner alone, and signs', async () => {
  const folder = newFolder();
  const files = openKeyFiles(folder);
  const facts = await files.make(wanted);
  const path = join(folder, 'example.org/s1.pem');
  assert.equal(facts.file, 'example.org/s1.pem');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'example.org')).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(folder, 'example.org')), ['s1.pem'], 'no draft stays');
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  assert.deepEqual(files.facts(wanted), facts);
  const signature = await new Promise<Buffer>((resolve, reject) =>
    files
      .open(row(facts))
      .sign(Buffer.from('x'), (error, made) =>
        error === undefined ? resolve(made) : reject(error),
      ),
  );
  assert.equal(signature.length, 64);
  assert.ok(!JSON.stringify(files.open(row(facts))).includes('PRIVATE'));
});

test('RSA has the bits that were asked for', async () => {
  const facts = await openKeyFiles(newFolder()).make({
    ...wanted,
    algorithm: 'rsa-sha256',
    bits: 1024,
  });
  assert.deepEqual([facts.algorithm, facts.bits], ['rsa-sha256', 1024]);
});

test('a key that is there is never written over', async () => {
  const folder = newFolder();
  const files = openKeyFiles(folder);
  const facts = await files.make(wanted);
  await assert.rejects(files.make(wanted), { code: 'key-exists' });
  assert.deepEqual(files.facts(wanted), facts);
  assert.deepEqual(readdirSync(join(folder, 'example.org')), ['s1.pem']);
});

test('what others may read or change is refused, and so is a link', async () => {
  const folder = newFolder();
  const files = openKeyFiles(folder);
  const facts = await files.make(wanted);
  const path = join(folder, facts.file);
  const open = (): string => fault(() => openKeyFiles(folder).open(row(facts)));
  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    chmodSync(path, mode);
    assert.match(
      open(),
      /^key-file: .*can be read or changed by other users \(mode 06/,
      String(mode),
    );
    assert.match(
      fault(() => files.open(row(facts))),
      /other users/,
      'also where it was read before',
    );
  }
  chmodSync(path, 0o600);
  assert.equal(open(), 'nothing');
  chmodSync(join(folder, 'example.org'), 0o720);
  assert.match(open(), /example\.org can be changed by other users/);
  chmodSync(join(folder, 'example.org'), 0o700);
  writeFileSync(join(root, 'elsewhere.pem'), readFileSync(path), { mode: 0o600 });
  rmSync(path);
  assert.match(open(), /does not exist/);
  symlinkSync(join(root, 'elsewhere.pem'), path);
  assert.match(open(), /is a symbolic link/);
});

test('a file that was changed is read anew; another key in its place is refused', async () => {
  const folder = newFolder();
  const files = openKeyFiles(folder);
  const facts = await files.make(wanted);
  files.open(row(facts));
  writeFileSync(join(folder, facts.file), await makeKeyPair('ed25519'));
  assert.match(
    fault(() => files.open(row(facts))),
    /is not the key that the ledger has for s1\._domainkey/,
  );
  writeFileSync(join(folder, facts.file), 'rubbish');
  assert.match(
    fault(() => files.open(row(facts))),
    /is not a private key/,
  );
});

test('deleted, and taken back', async () => {
  const folder = newFolder();
  const files = openKeyFiles(folder);
  const facts = await files.make(wanted);
  files.delete(row(facts));
  files.delete(row(facts));
  assert.deepEqual(readdirSync(join(folder, 'example.org')), []);
  writeKeyFile(folder, keyFile(wanted), await makeKeyPair('ed25519'));
  unwriteKeyFile(folder, keyFile(wanted));
  unwriteKeyFile(folder, keyFile(wanted));
  assert.throws(() => keyFile({ domain: '../etc', selector: 'x' }), { name: 'Bug' });
});

const onlyRoot = process.geteuid?.() === 0 ? false : 'only root gives files away';

test('root writes no key into a folder of another user', { skip: onlyRoot }, async () => {
  const folder = newFolder();
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, 65_534, 65_534);
  const pem = await makeKeyPair('ed25519');
  for (const where of [folder, join(folder, 'keys')]) {
    assert.throws(() => writeKeyFile(where, 'example.org/s1.pem', pem), {
      name: 'OperatorError',
      message: /belongs to user 65534: root writes no key there$/,
    });
  }
  assert.deepEqual(readdirSync(folder), []);
});
