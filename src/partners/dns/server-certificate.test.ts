/** Certificates from files, and from a server that speaks SMTP well or badly. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { digestsOfFile, digestsShown } from './server-certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-certificate-'));
after(() => rmSync(folder, { recursive: true }));
const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const subject = ['-subj', '/CN=mail.example.org', '-days', '2'];
const made = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', keyFile, '-out', file];
execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
const secureContext = createSecureContext({ key: readFileSync(keyFile), cert: readFileSync(file) });

async function asked(talk: (socket: Socket) => void): Promise<ReturnType<typeof digestsShown>> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    talk(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await digestsShown('127.0.0.1', { port, deadlineMs: 500 });
  } finally {
    server.close();
  }
}

function speaks(answers: Readonly<Record<string, string>>): (socket: Socket) => void {
  return (socket) => {
    socket.write('220-mail\r\n220 ready\r\n');
    socket.on('data', (bytes) => {
      const word = String(bytes).split(/\s/)[0] ?? '';
      const answer = answers[word];
      if (answer === undefined) return;
      socket.write(answer);
      if (word !== 'STARTTLS' || !answer.startsWith('220')) return;
      socket.removeAllListeners('data');
      new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => undefined);
    });
  };
}
const ehlo = { EHLO: '250-mail\r\n250-STARTTLS\r\n250 8BITMIME\r\n' };

test('the file and the server say the same', async () => {
  const digests = digestsOfFile(file);
  assert.equal(digests.length, 4);
  const shown = await asked(speaks({ ...ehlo, STARTTLS: '220 go on\r\n' }));
  assert.deepEqual(shown, { ok: true, value: digests });
});

test('openssl says the same of the key', () => {
  const der = execFileSync('openssl', ['pkey', '-in', keyFile, '-pubout', '-outform', 'DER']);
  const digest = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: der });
  const key = digestsOfFile(file).find((one) => one.selector === 1 && one.matching === 1);
  assert.equal(key?.association, String(digest).split(' ')[0]);
});

const bad: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['no STARTTLS', speaks({ ...ehlo, STARTTLS: '502 what?\r\n' }), /it says 502 what\?/],
  ['busy', (socket) => void socket.end('421 busy\r\n'), /it says 421 busy/],
  ['hangs up', (socket) => void socket.end(), /closed the connection/],
  ['silent', () => undefined, /does not answer in time/],
  ['never stops', (socket) => void socket.write('220-x\r\n'.repeat(5_000)), /too long/],
];
for (const [name, talk, why] of bad) {
  test(`a server that is of no use: ${name}`, async () => {
    const shown = await asked(talk);
    assert.ok(!shown.ok);
    assert.match(shown.error, why);
  });
}

test('what is no certificate', () => {
  assert.throws(() => digestsOfFile(keyFile), { code: 'certificate' });
  assert.throws(() => digestsOfFile(join(folder, 'none')), { code: 'certificate' });
});
