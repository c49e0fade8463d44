/** What a message of 50 MB costs while it is signed: counted, after all garbage is taken away. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRules } from '../../src/core/signing/choose.ts';
import {
  type KeySource,
  openSigning,
  type SigningDeps,
} from '../../src/flow/signing/message-signed.ts';
import { assert as must } from '../../src/lib/assert.ts';
import { makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import type { Millis } from '../../src/lib/time.ts';
import { anyAuthor } from '../doubles/path.ts';
import { quietWorld } from '../doubles/world.ts';
import { memoryInUse } from '../memory-in-use.ts';
import { Conversation, mta } from '../mta/script.ts';

const megabytesMax = 1;
const chunk = 65_535;
const lines = Buffer.alloc(chunk, `${'many lines of text '.repeat(4)}\r\n`);
const bodies = {
  'in lines': lines,
  'on one line': Buffer.alloc(chunk, 'one line '),
  blank: Buffer.alloc(chunk, '\r\n'),
};
/** 50 MB. */
const chunks = 763;

for (const [name, body] of Object.entries(bodies)) {
  test(`50 MB ${name} take at most ${megabytesMax} MB while they are signed (slow)`, async () => {
    const key = openPrivateKey(await makeKeyPair('rsa'));
    must(key.ok, 'a new key is one');
    const { promise, resolve } = Promise.withResolvers<void>();
    const signing: SigningDeps & { readonly keys: KeySource } = {
      settings: { enabled: true, rules: noRules, foreign: 'unsigned', lineLengthLimit: 998 },
      keys: (domain) => [{ domain, selector: 's', algorithm: 'rsa-sha256', sign: key.value.sign }],
      world: quietWorld({ clock: { now: () => 1_700_000_000_000 as Millis } }),
      sent: () => resolve(),
    };
    const of = { authors: anyAuthor(signing) };
    const reader = openSigning(signing);
    const talk = new Conversation(undefined, {}, reader, undefined, undefined, of).greet();
    const login = mta.macros('M', { '{auth_authen}': 'joe' });
    const begin = [login, mta.mail('<joe@a.test>'), mta.rcpt('<ann@b.test>', 'smtp')];
    talk.say([...begin, mta.header('From', ' joe@a.test')]);
    const packet = mta.body(body);
    // The stream is cut elsewhere than the packets, as on a socket.
    const cut = 1_000;
    talk.say([packet, packet.subarray(0, cut)]);
    const before = memoryInUse();
    let most = 0;
    const piece = Buffer.concat([packet.subarray(cut), packet.subarray(0, cut)]);
    for (let nth = 0; nth < chunks; nth++) {
      talk.say(piece);
      if (nth % 100 === 0) most = Math.max(most, memoryInUse());
    }
    most = Math.max(most, memoryInUse());
    talk.say([packet.subarray(cut), mta.end('QUEUE1')]);
    await promise;
    const heard = talk.heard().map(({ command }) => command);
    assert.deepEqual(heard, ['i', 'c']);
    const megabytes = (most - before) / 1e6;
    assert.ok(megabytes <= megabytesMax, `${megabytes} MB`);
  });
}
