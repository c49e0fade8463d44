/**
 * What DKIM's own work costs: hashing 10 MB bodies of several kinds in pieces of the milter protocol, and signing 4 KB
 * messages, without any protocol around it. Run: ./scripts/node.sh bench/dkim.ts
 */
import { makeKeyPair, openPrivateKey } from '../src/lib/private-key.ts';
import { openBodyHash } from '../src/mail/dkim/body-hash.ts';
import { openSigner } from '../src/mail/dkim/sign.ts';
import { algorithmOf, type SigningKey } from '../src/mail/dkim/signing-key.ts';

const pieceOctets = 65_535;
const text = 'the quick brown fox jumps over the lazy dog, and so on until seventy-six\r\n';
const bodies = {
  'one line': Buffer.alloc(10_000_000, 'x'),
  text: Buffer.alloc(10_000_000, text),
  'line ends': Buffer.alloc(10_000_000, '\r\n'),
  'white space': Buffer.alloc(10_000_000, ' a'),
};
const messages = 4_000;
/** So many messages at once, as a busy door has. */
const atOnce = 32;

for (const [name, bytes] of Object.entries(bodies)) {
  const body = openBodyHash({ canonicalization: 'relaxed', lineLengthLimit: 998 });
  let longestMs = 0;
  const start = performance.now();
  for (let at = 0; at < bytes.length; at += pieceOctets) {
    const before = performance.now();
    body.update(bytes, at, Math.min(bytes.length, at + pieceOctets));
    longestMs = Math.max(longestMs, performance.now() - before);
  }
  body.digest();
  const all = performance.now() - start;
  console.log(`hash 10 MB, ${name}: ${all.toFixed(0)} ms, longest step ${longestMs.toFixed(2)} ms`);
}

async function signingKey(type: 'rsa' | 'ed25519'): Promise<SigningKey> {
  const key = openPrivateKey(await makeKeyPair(type));
  if (!key.ok) throw new Error(key.error.text);
  const { sign } = key.value;
  return { domain: 'example.org', selector: 's', algorithm: algorithmOf(type), sign };
}

const fields = ['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type'];
const small = Buffer.alloc(4_000, text);

function signOne(keys: readonly SigningKey[]): Promise<void> {
  const signer = openSigner({ lineLengthLimit: 998 });
  for (const name of fields) signer.header(name, ' some value of this field');
  signer.body(small, 0, small.length);
  return new Promise((resolve, reject) => {
    signer.sign({ keys, now: Date.now() }, (fault) =>
      fault === undefined ? resolve() : reject(fault),
    );
  });
}

const rsa = await signingKey('rsa');
const ed25519 = await signingKey('ed25519');
for (const [name, keys] of [
  ['RSA-2048', [rsa]],
  ['Ed25519', [ed25519]],
  ['both', [rsa, ed25519]],
] as const) {
  let left = messages;
  const start = performance.now();
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await signOne(keys);
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / messages;
  console.log(
    `sign 4 KB, ${name}: ${(messages / seconds).toFixed(0)} a second, ${cpu.toFixed(0)} µs of CPU each`,
  );
}
