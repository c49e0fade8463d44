/** The spool by itself: what is taken, what is removed, what is left alone. */
import assert from 'node:assert/strict';
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HandIn, printHandIn } from '../core/scripts/hand-in.ts';
import { openSpool } from './spool-folder.ts';

const me = process.getuid?.() ?? 0;
const nowMs = Date.now();
let spool = '';
let own = '';

/** A test in a spool of its own. */
function spooled(name: string, run: () => void, { skip = false } = {}): void {
  test(name, { skip }, () => {
    spool = mkdtempSync(join(tmpdir(), 'psf-'));
    own = join(spool, String(me));
    mkdirSync(own);
    try {
      run();
    } finally {
      rmSync(spool, { recursive: true });
    }
  });
}

const id = (nth: number): string => `${1_700_000_000_000 + nth}-${String(nth).padStart(32, '0')}`;

function message(nth: number, body = 'x\n'): Buffer {
  const handIn: HandIn = {
    ...{ id: id(nth), sender: 'a@x.example', fullName: undefined, recipients: ['b@y.example'] },
    ...{ headerRecipients: false, through: [], crlf: false, phpScript: '', claim: undefined },
  };
  const head = printHandIn(handIn, body.length) ?? assert.fail('too long');
  return Buffer.concat([head, Buffer.from(body)]);
}

/** What is found, by the last digits of its id, and why the rest is none. */
function taken(bytesMax = 1_000): { found: string[]; bad: string[] } {
  const bad: string[] = [];
  const found: string[] = [];
  const opened = openSpool({ folder: spool, messageBytesMax: bytesMax, nowMs: () => nowMs });
  for (const one of opened.messages(({ why }) => bad.push(why))) {
    found.push(`${one.uid} ${Number(one.handIn.id.slice(-4))} ${Buffer.concat([...one.read()])}`);
    one.remove();
  }
  return { found, bad };
}

spooled('whole messages, in order, and once', () => {
  for (const nth of [3, 1, 2]) writeFileSync(join(own, id(nth)), message(nth));
  writeFileSync(join(own, `.${id(4)}`), message(4));
  assert.deepEqual(taken(), { found: [1, 2, 3].map((nth) => `${me} ${nth} x\n`), bad: [] });
  assert.deepEqual(taken(), { found: [], bad: [] });
  assert.deepEqual(readdirSync(own), [`.${id(4)}`], 'half a message may become whole');
});

spooled('what is no message is removed, and said', () => {
  writeFileSync(join(own, id(1)), 'nonsense');
  writeFileSync(join(own, id(2)), message(2).subarray(0, -1));
  writeFileSync(join(own, id(3)), message(3, 'x'.repeat(2_000)));
  writeFileSync(join(own, id(4)), Buffer.concat([message(4), Buffer.from('more')]));
  writeFileSync(join(own, id(5)), message(5));
  linkSync(join(own, id(5)), join(own, 'second'));
  symlinkSync(join(own, 'second'), join(own, id(6)));
  mkdirSync(join(own, id(7)));
  writeFileSync(join(own, id(8)), message(8));
  const { found, bad } = taken();
  assert.deepEqual(found, [`${me} 8 x\n`], 'what comes after it is taken');
  assert.deepEqual(bad, [
    ...['no first line', 'not whole', 'larger than messages may be', 'not whole'],
    ...['has a second name', 'cannot be opened', 'not a file'],
  ]);
  assert.deepEqual(readdirSync(own).sort(), [id(7), 'second']);
});

spooled('what cannot be removed is looked at once', () => {
  mkdirSync(join(own, id(1)));
  const opened = openSpool({ folder: spool, messageBytesMax: 1_000, nowMs: () => nowMs });
  const bad: string[] = [];
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([...opened.messages(({ why }) => bad.push(why))], []);
  }
  assert.deepEqual(bad, ['not a file']);
});

spooled('a folder that is not its user’s, or a link, is not looked into', () => {
  const other = join(spool, String(me + 4_711));
  mkdirSync(other);
  writeFileSync(join(other, id(1)), message(1));
  writeFileSync(join(own, id(2)), message(2));
  const elsewhere = join(spool, `${me}.${'0'.repeat(16)}`);
  symlinkSync(own, elsewhere);
  assert.deepEqual(taken(), { found: [`${me} 2 x\n`], bad: [] });
  assert.deepEqual(readdirSync(other), [id(1)]);
});

spooled(
  'a file of another user in one’s folder is not one’s message',
  () => {
    writeFileSync(join(own, id(1)), message(1));
    chownSync(join(own, id(1)), 4_711, 4_711);
    assert.deepEqual(taken(), { found: [], bad: ['of another user'] });
  },
  { skip: me !== 0 },
);

spooled('rubbish goes when it is old; there is no spool, and nothing happens', () => {
  const old = nowMs / 1_000 - 7_200;
  for (const path of [join(spool, 'x'), join(own, 'y'), join(own, `.${id(1)}`)]) {
    writeFileSync(path, 'x');
    utimesSync(path, old, old);
  }
  mkdirSync(join(spool, 'z'));
  utimesSync(join(spool, 'z'), old, old);
  writeFileSync(join(spool, 'young'), 'x');
  taken();
  assert.deepEqual([readdirSync(spool).sort(), readdirSync(own)], [[String(me), 'young'], []]);
  const none = openSpool({ folder: join(spool, 'none'), messageBytesMax: 1, nowMs: () => nowMs });
  assert.deepEqual([...none.messages(() => assert.fail())], []);
});
