/** What our own workers compute, against what the real tools wrote; lists, rules and ranges. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { readHash } from '../../core/passwords/read-hash.ts';
import { guessedName } from '../john/guess-reader.ts';
import { readBook, sectionOf } from '../john/rule-book.ts';
import { openTrials } from '../workers/trial.ts';
import { copySlice, expansions } from './candidates.ts';
import { openRangeLists } from './range-lists.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-engine-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('made of "secret" by doveadm and htpasswd', () => {
  const hashes = [
    '$apr1$ANpHuJ5o$j2D/YJWy69PKbpCrS56TK1',
    '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
    '{SSHA256}90FyLobURLQBdEE6GYAQmzZyDKzI1Cv9Cv0fBrVWAl9d+xGL',
    '{SMD5}q8THpyDrYoYXMOoYUvh7sUJOklI=',
    '{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69',
    '{PBKDF2}$1$7vOzCLWXXX95ye5x$5000$55b8d8f2aa1ff34e2d5f6d3f750e07ae84c47e6e',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$dPRY+byRGhhUq9WMtGma4A' +
      '$JOOfmwfURixTPnWts2qtQ4XjADrsWT4YMbVKhKLNAYk',
    '{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$fkObw5T/Xn9g56/rMZnuaA' +
      '$ZyLs2iNBOaN9m4MeT/q+JeHI1tGFxnHzGmoN2OXmSk0',
    '{SCRAM-SHA-1}4096,4LfGd62Bi7ZXF7Ofzge0oQ==' +
      ',iBFfYFDuBfdkjssryS85lb1O1qA=,Xjlz3YiwRwctJ206SS2ntoOWG24=',
    '{SCRAM-SHA-256}4096,3/xG5P3Dse459nB6TURFIA==' +
      ',QL0Jl1EAMwpR8qWiaKk5rmC3lTQpSdXvbNOqmq2uoFc=' +
      ',TNUcYkIEh/yIjLcnQ41NJjmjGwFR+ijiDHnwTYOUVNg=',
    '{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56',
    '{DIGEST-MD5}9e350098094efc4af26cd456adf29a60',
    '{SSHA512.HEX}57d0609216679fdbe734d8ed2a4f131f27e3615421b4517d75085d4533a76c36' +
      '86fe37527c4001a656154f8b5f8676e91529a54a6ff53c90813b65c9a67f7d69524a1520',
  ];
  for (const text of hashes) {
    test(/^\{?[\w-]*\}?/.exec(text)?.[0] || 'apr1', () => {
      const stored = readHash(text, { scheme: 'CRYPT', account: 'joe@example.org' });
      assert.ok(stored.kind === 'hash' && stored.hash.tried.by === 'workers');
      const tryOn = openTrials([{ id: 7, trial: stored.hash.tried.trial }]);
      assert.deepEqual(tryOn(Buffer.from('Secret')), []);
      assert.deepEqual(tryOn(Buffer.from('secret')), [7]);
      assert.deepEqual(tryOn(Buffer.from('secret')), [], 'found once is enough');
    });
  }
});

test('accounts with one password are all found by one try', () => {
  const stored = readHash('{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', { scheme: 'CRYPT', account: '' });
  assert.ok(stored.kind === 'hash' && stored.hash.tried.by === 'workers');
  const { trial } = stored.hash.tried;
  const tryOn = openTrials([
    { id: 1, trial },
    { id: 2, trial },
  ]);
  assert.deepEqual(tryOn(Buffer.from('secret')), [1, 2]);
});

test('the name alone is read of what John says, whatever the password is', () => {
  const line = (text: string): string | undefined => guessedName(Buffer.from(text));
  assert.equal(line('secret           (joe@example.org)'), 'joe@example.org');
  assert.equal(line('odd (ann)        (joe)'), 'joe');
  assert.equal(line('                 (joe)'), 'joe');
  assert.equal(line('jumbo (ann)      (joe)     '), 'joe');
  assert.equal(line('nothing'), undefined);
});

test('what rules John’s preprocessor makes of a line', () => {
  const cases: readonly (readonly [string, number])[] = [
    [':', 1],
    ['l $[1-9]', 9],
    ['-c <- l Az"[190][0-9]"', 30],
    ['>[2-8] x1\\1', 7],
    ['-[:c] <* !?A \\p1[lc] p', 2],
    ['<- l ^[1!@#$%^&*\\-=_+.?|:\'"] $\\1', 19],
    ['l Az"19[6-0][9-0]" <+', 70],
    ['c $!', 1],
  ];
  for (const [rule, count] of cases) assert.equal(expansions(rule), count, rule);
});

test('a section of john.conf', () => {
  const text =
    '[Options]\nIdle = Y\n[List.Rules:Single]\n# simple\n:\nl\n\n;no\n[List.Rules:Wordlist]\nc\n';
  assert.deepEqual(sectionOf(text, 'List.Rules:Single'), [':', 'l']);
  assert.deepEqual(sectionOf(text, 'List.Rules:Wordlist'), ['c']);
  assert.equal(sectionOf(text, 'List.Rules:Jumbo'), undefined);
});

test('sections and files that a jumbo version includes', () => {
  const main = join(folder, 'john.conf');
  writeFileSync(join(folder, 'score.conf'), '[List.Rules:Score]\n:\n.include [List.Rules:More]\n');
  writeFileSync(
    main,
    '.include <score.conf>\n' +
      `.include '$JOHN/none.conf'\n` +
      '.include <john.conf>\n' +
      '[List.Rules:Wordlist]\n' +
      '.include [List.Rules:Score]\n' +
      '\n' +
      '# old\n' +
      '[List.Rules:More]\n' +
      'c $1\n' +
      '.include [List.Rules:Wordlist]\n',
  );
  const rules = sectionOf(readBook(main), 'List.Rules:Wordlist') ?? [];
  assert.deepEqual(rules, [':', 'c $1'], 'what includes itself ends');
});

test('slices of a list are whole lines, each in one of them', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 40 }), (list, step) => {
      const text = `${list.join('\n')}\n`;
      const path = join(folder, 'list');
      writeFileSync(path, text);
      const parts: string[] = [];
      for (let from = 0; from < text.length; ) {
        const into = join(folder, 'slice');
        from = copySlice(path, { from, to: Math.min(from + step, text.length), into });
        parts.push(readFileSync(into, 'latin1'));
      }
      assert.equal(parts.join(''), text);
      assert.ok(parts.every((part) => part.endsWith('\n')));
    }),
    { numRuns: 60 },
  );
});

describe('leaked passwords by range', () => {
  const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
  const leaked = Array.from({ length: 400 }, (_, nth) => sha1(`leaked${nth}`).toUpperCase()).sort();

  test('a folder with a file for each range', async () => {
    const place = join(folder, 'ranges');
    mkdirSync(place);
    const hash = sha1('hunter2').toUpperCase();
    writeFileSync(join(place, `${hash.slice(0, 5)}.txt`), `000:1\r\n${hash.slice(5)}:17\r\n`);
    const ranges = openRangeLists(place, '');
    assert.equal(await ranges.times(sha1('hunter2')), 17);
    assert.equal(await ranges.times(sha1('hunter3')), 0);
  });

  test('one sorted file: each of its lines, and nothing else', async () => {
    const path = join(folder, 'sorted.txt');
    writeFileSync(path, leaked.map((hash, nth) => `${hash}:${nth + 1}\r\n`).join(''));
    const ranges = openRangeLists(path, '');
    for (const [nth, hash] of leaked.entries()) assert.equal(await ranges.times(hash), nth + 1);
    for (let nth = 0; nth < 50; nth++) assert.equal(await ranges.times(sha1(`no${nth}`)), 0);
  });

  test('a service hears five digits and no more', async () => {
    const hash = sha1('hunter2').toUpperCase();
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(`${hash.slice(5)}:3\r\n0000:0\r\n`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const ranges = openRangeLists('', `http://127.0.0.1:${port}/`);
    assert.equal(await ranges.times(hash.toLowerCase()), 3);
    assert.deepEqual(asked, [`/range/${hash.slice(0, 5)}`]);
    server.close();
    server.closeAllConnections();
    await assert.rejects(() => ranges.times(hash), { code: 'range-service' });
  });
});
