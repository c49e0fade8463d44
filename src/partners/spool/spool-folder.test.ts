/** The spool alone: what is taken, what is removed, what is left alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { timed } from '../../../test/processor-time.ts';
import {
  encodeHandoverRequest,
  type HandoverRequest,
} from '../../core/scripts/handover-request.ts';
import type { Spool } from '../../ports/handover.ts';
import { leftInSpool, openSpool } from './spool-folder.ts';

const me = process.getuid?.() ?? 0;
const onlyRoot = me === 0 ? false : 'only root gives files away';
/** The clock of the spool; files get their times from it (put), not from the machine's clock. */
const nowMs = Date.UTC(2026, 10, 23, 12);
let spool = '';
let own = '';

/** A test in a spool of its own. */
function spooled(
  name: string,
  run: () => Promise<void>,
  { skip = false }: { readonly skip?: string | false } = {},
): void {
  test(name, { skip }, async () => {
    spool = mkdtempSync(join(tmpdir(), 'psf-'));
    own = join(spool, String(me));
    mkdirSync(own);
    try {
      await run();
    } finally {
      rmSync(spool, { recursive: true });
    }
  });
}

/** Writes a file that is new by the clock of the spool. */
function put(path: string, content: string | Buffer): void {
  writeFileSync(path, content);
  utimesSync(path, nowMs / 1_000, nowMs / 1_000);
}

const id = (nth: number): string => `${1_700_000_000_000 + nth}-${String(nth).padStart(32, '0')}`;

function message(nth: number, body = 'x\n'): Buffer {
  const request: HandoverRequest = {
    id: id(nth),
    sender: 'a@x.example',
    fullName: undefined,
    recipients: ['b@y.example'],
    headerRecipients: false,
    through: [],
    crlf: false,
    phpScript: '',
    claim: undefined,
  };
  const head = encodeHandoverRequest(request, body.length) ?? assert.fail('too long');
  return Buffer.concat([head, Buffer.from(body)]);
}

/** The messages found, by the last digits of their ids, and the faults of other files. */
async function taken(opened = openSpoolHere()): Promise<{ found: string[]; bad: string[] }> {
  const bad: string[] = [];
  const found: string[] = [];
  for (const uid of await opened.users()) {
    await opened.trim(uid);
    for (const file of opened.files(uid)) {
      using one = opened.open(file, (why) => bad.push(why));
      if (one === undefined) continue;
      found.push(
        `${one.uid} ${Number(one.request.id.slice(-4))} ${Buffer.concat([...one.read()])}`,
      );
      one.remove();
    }
  }
  return { found, bad };
}

const openSpoolHere = (): Spool =>
  openSpool({ folder: spool, messageBytesMax: 1_000, nowMs: () => nowMs });

spooled('whole messages, in order, and once', async () => {
  for (const nth of [3, 1, 2]) put(join(own, id(nth)), message(nth));
  put(join(own, `.${id(4)}`), message(4));
  assert.deepEqual(await taken(), { found: [1, 2, 3].map((nth) => `${me} ${nth} x\n`), bad: [] });
  assert.deepEqual(await taken(), { found: [], bad: [] });
  assert.deepEqual(readdirSync(own), [`.${id(4)}`], 'half a message may become whole');
});

spooled('what is no message is removed, and said', async () => {
  put(join(own, id(1)), 'nonsense');
  put(join(own, id(2)), message(2).subarray(0, -1));
  put(join(own, id(3)), message(3, 'x'.repeat(2_000)));
  put(join(own, id(4)), Buffer.concat([message(4), Buffer.from('more')]));
  put(join(own, id(5)), message(5));
  mkdirSync(join(spool, 'elsewhere'));
  linkSync(join(own, id(5)), join(spool, 'elsewhere', 'second'));
  symlinkSync(join(spool, 'elsewhere', 'second'), join(own, id(6)));
  mkdirSync(join(own, id(7)));
  put(join(own, id(8)), message(8));
  const { found, bad } = await taken();
  assert.deepEqual(found, [`${me} 8 x\n`], 'what comes after it is taken');
  assert.deepEqual(bad, [
    ...['no first line', 'not whole', 'larger than messages may be', 'not whole'],
    ...['has a second name', 'cannot be opened', 'not a file'],
  ]);
  assert.deepEqual(readdirSync(own), [id(7)]);
});

spooled('what cannot be removed is looked at once', async () => {
  mkdirSync(join(own, id(1)));
  const opened = openSpoolHere();
  const bad: string[] = [];
  for (let round = 0; round < 3; round++) bad.push(...(await taken(opened)).bad);
  assert.deepEqual(bad, ['not a file']);
});

spooled('a folder that is not its user’s, or a link, is not looked into', async () => {
  const other = join(spool, String(me + 4_711));
  mkdirSync(other);
  put(join(other, id(1)), message(1));
  put(join(own, id(2)), message(2));
  const elsewhere = join(spool, `${me}.${'0'.repeat(16)}`);
  symlinkSync(own, elsewhere);
  assert.deepEqual(await taken(), { found: [`${me} 2 x\n`], bad: [] });
  assert.deepEqual(readdirSync(other), [id(1)]);
});

spooled(
  'a file of another user in one’s folder is not one’s message',
  async () => {
    put(join(own, id(1)), message(1));
    chownSync(join(own, id(1)), 4_711, 4_711);
    assert.deepEqual(await taken(), { found: [], bad: ['of another user'] });
  },
  { skip: onlyRoot },
);

spooled('rubbish goes at once, an unfinished message when it is old or too large', async () => {
  const old = nowMs / 1_000 - 7_200;
  for (const path of [join(spool, 'x'), join(own, 'y'), join(own, `.${id(1)}`)]) {
    writeFileSync(path, 'x');
    utimesSync(path, old, old);
  }
  for (const path of [join(spool, 'young'), join(own, 'young'), join(own, `..${id(2)}`)]) {
    put(path, 'x');
  }
  put(join(own, `.${id(3)}`), 'x');
  put(join(own, `.${id(4)}`), Buffer.alloc(302_000));
  symlinkSync(join(own, id(9)), join(own, `.${id(5)}`));
  mkdirSync(join(own, 'folder'));
  mkdirSync(join(own, 'full'));
  writeFileSync(join(own, 'full', 'x'), 'x');
  await taken();
  assert.deepEqual(readdirSync(spool), [String(me)]);
  assert.deepEqual(readdirSync(own).sort(), [`.${id(3)}`, 'full']);
});

spooled('there is no spool, and nothing happens', async () => {
  const none = openSpool({ folder: join(spool, 'none'), messageBytesMax: 1, nowMs: () => nowMs });
  assert.deepEqual([await none.users(), none.files(me)], [[], []]);
  assert.deepEqual(await none.trim(me), { files: 0, bytes: 0, removed: 0 });
});

spooled('of too many files the oldest stay, and as many again as may be left', async () => {
  for (let nth = 0; nth < 2_300; nth++) put(join(own, id(nth)), '');
  put(join(own, `.${id(0)}`), '');
  const opened = openSpoolHere();
  assert.deepEqual(await opened.trim(me), { files: 2_000, bytes: 0, removed: 301 });
  assert.deepEqual(readdirSync(own).sort().at(-1), id(1_999));
  assert.equal(opened.files(me).length, 1_000, 'the oldest are taken');
  assert.equal(opened.files(me).at(-1)?.name, id(999));
  assert.deepEqual(await opened.trim(me), { files: 2_000, bytes: 0, removed: 0 });
});

spooled('the same by size', async () => {
  for (let nth = 0; nth < 9; nth++) {
    put(join(own, id(nth)), '');
    truncateSync(join(own, id(nth)), 60_000_000); // takes no room
  }
  const opened = openSpoolHere();
  assert.deepEqual(await opened.trim(me), { files: 6, bytes: 360_000_000, removed: 3 });
  assert.deepEqual(readdirSync(own).sort(), [0, 1, 2, 3, 4, 5].map(id));
});

spooled('a folder with a longer name holds the message that made it', async () => {
  // postern-sendmail makes one for each message if another user took the short name: it cannot
  // count them together, so none of them may be removed.
  const ends = Array.from({ length: 9 }, (_, nth) => id(nth + 1).slice(-16));
  for (const [nth, end] of ends.entries()) {
    const folder = join(spool, `${me}.${end}`);
    mkdirSync(folder);
    put(join(folder, id(nth + 1)), '');
    truncateSync(join(folder, id(nth + 1)), 60_000_000);
    put(join(folder, id(nth + 100)), '');
  }
  const opened = openSpoolHere();
  await opened.users();
  assert.deepEqual(await opened.trim(me), { files: 9, bytes: 540_000_000, removed: 9 });
});

spooled('of folders with longer names, a few entries each are read', async () => {
  // A user can make a thousand such folders with a million links to one file, in half a minute.
  const folder = join(spool, `${me}.${id(1).slice(-16)}`);
  mkdirSync(folder);
  for (let nth = 0; nth < 200; nth++) put(join(folder, id(nth)), message(nth));
  const opened = openSpoolHere();
  await opened.users();
  const read = opened.files(me).length;
  assert.ok(read >= 1 && read <= 10, `${read} files`);
});

spooled(
  'folders in the name of another hide none of its own',
  async () => {
    rmSync(own, { recursive: true });
    const squatted = [String(me), ...[0, 1, 2, 3].map((nth) => `${me}.${`${nth}`.repeat(16)}`)];
    for (const name of squatted) {
      mkdirSync(join(spool, name));
      chownSync(join(spool, name), 4_711, 4_711);
    }
    // Each of these messages makes a folder, which stays when it is empty.
    for (const nth of [1, 2, 3, 4]) {
      const folder = join(spool, `${me}.${id(nth).slice(-16)}`);
      mkdirSync(folder);
      if (nth > 2) put(join(folder, id(nth)), message(nth));
      utimesSync(folder, nowMs / 1_000, nowMs / 1_000);
    }
    assert.deepEqual((await taken()).found, [`${me} 3 x\n`, `${me} 4 x\n`]);
  },
  { skip: onlyRoot },
);

spooled('a user with few files is found at once, whatever else is there (slow)', async () => {
  for (let nth = 0; nth < 20_000; nth++) writeFileSync(join(spool, `rubbish-${nth}`), '');
  writeFileSync(join(own, id(1)), message(1));
  const opened = openSpoolHere();
  const { ms: took } = timed(() => {
    assert.equal(opened.files(me).length, 1);
  });
  assert.ok(took < 50, `${took} ms`);
  assert.deepEqual(await opened.users(), [me]);
});

spooled('a message is not thrown away for want of a file descriptor', async () => {
  writeFileSync(join(own, id(1)), message(1));
  const module = resolve(import.meta.dirname, 'spool-folder.ts');
  const program = `const { closeSync, openSync } = require('node:fs');
    import(${JSON.stringify(module)}).then(({ openSpool }) => {
      const options = { folder: ${JSON.stringify(spool)}, messageBytesMax: 1000, nowMs: Date.now };
      const spool = openSpool(options);
      const said = [];
      for (let free = 0; free < 6; free++) {
        const held = [];
        try { for (;;) held.push(openSync('/dev/null')); } catch {}
        for (let nth = 0; nth < free; nth++) closeSync(held.pop());
        const open = (file) => spool.open(file, () => said.push('bad'));
        const found = spool.files(${me}).map(open).filter((one) => one !== undefined);
        for (const one of held) closeSync(one);
        for (const one of found) one[Symbol.dispose]();
        said.push(found.length);
      }
      console.log(JSON.stringify(said));
    });`;
  const limited = ['-c', 'ulimit -n 60; exec "$@"', 'sh', process.execPath];
  const ran = spawnSync('/bin/sh', [...limited, '--no-warnings', '-e', program]);
  assert.match(String(ran.stdout), /^\[0,0,(?:0|1),1,1,1\]$/m);
  assert.deepEqual(readdirSync(own), [id(1)]);
});

spooled(
  'what an undo waits for are messages alone, not what somebody put there to stop it',
  async () => {
    chmodSync(own, 0o770);
    mkdirSync(join(spool, 'mine'));
    for (const path of [join(spool, 'mine', id(1)), join(own, 'x'), join(own, `.${id(2)}`)]) {
      writeFileSync(path, 'x');
    }
    writeFileSync(join(own, id(3)), message(3), { mode: 0o600 });
    mkdirSync(join(own, id(4)));
    assert.equal(leftInSpool(spool), 0);
    writeFileSync(join(own, id(5)), message(5), { mode: 0o640 });
    assert.equal(leftInSpool(spool), 1);
    chmodSync(own, 0o700);
    assert.equal(leftInSpool(spool), 0, 'shut to the guard');
    assert.equal(leftInSpool(join(spool, 'none')), 0);
  },
);
