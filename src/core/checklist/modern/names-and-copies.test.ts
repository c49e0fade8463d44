/** Names of others in our records, forwards, and copies of signed mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy, type DnsAnswer } from '../../../formats/dns/question.ts';
import { zoneAnswers } from '../../../formats/dns/zone-answers.ts';
import { parseBindZone } from '../../../formats/dns/zone-bind.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { forwardsItem } from './forwards.ts';
import { namesSocket } from './milters.ts';
import { outsideItem } from './outside-item.ts';
import { type OutsideNames, outsideNames } from './outside-names.ts';
import { changedOwners, rememberOwners } from './owner-memory.ts';
import { opendkimSigner, ownSigner, replayItem, rspamdSigner } from './replay.ts';

const organisationOf = (name: string): string => name.split('.').slice(-2).join('.');

function look(zone: string, domains: readonly string[] = ['a.test']): OutsideNames {
  const read = parseBindZone(zone);
  assert.ok(read.ok);
  const deps = { organisationOf, selectors: () => ['own'] };
  return answeredBy(outsideNames(domains, deps), zoneAnswers(read.value));
}

const at = 1_000 * dayMs;
const now = at as Millis;
const host = 'other.example. 60 IN NS ns.dns.example.\n';

test('an include of others that leads somewhere is remembered with its name servers', () => {
  const found = look(
    'a.test. 60 IN TXT "v=spf1 include:spf.other.example -all"\n' +
      `spf.other.example. 60 IN TXT "v=spf1 ip4:192.0.2.0/24 -all"\n${host}`,
  );
  assert.deepEqual(found.dead, []);
  assert.deepEqual(found.owners, [
    {
      domain: 'other.example',
      usedBy: 'include:spf.other.example in the SPF record of a.test',
      servers: ['dns.example'],
    },
  ]);
  assert.equal(outsideItem({ found, memory: undefined, now }).state, 'done');
});

test('an include of an include that is gone, and whose domain anybody can take', () => {
  const found = look(
    'a.test. 60 IN TXT "v=spf1 include:spf.other.example -all"\n' +
      `spf.other.example. 60 IN TXT "v=spf1 redirect=spf.gone.example"\n${host}`,
  );
  assert.equal(found.dead.length, 2);
  assert.match(found.dead[0] ?? '', /^redirect=spf\.gone\.example in the SPF.*leads nowhere/);
  assert.match(found.dead[1] ?? '', /gone\.example .* is not registered/);
  const item = outsideItem({ found, memory: undefined, now });
  assert.equal(item.state, 'broken');
  assert.match(item.fix, /remove these terms/);
});

test('an alias of a key without a key, also of selectors that nobody told Postern', () => {
  const found = look(
    's1._domainkey.a.test. 60 IN CNAME s1.dkim.other.example.\n' +
      `own._domainkey.a.test. 60 IN CNAME own.dkim.other.example.\n${host}` +
      'own.dkim.other.example. 60 IN TXT "v=DKIM1; p=AAAA"\n',
  );
  assert.deepEqual(found.dead, [
    's1._domainkey.a.test is an alias of s1.dkim.other.example, where there is no key',
  ]);
  assert.deepEqual(
    found.owners.map(({ domain }) => domain),
    ['other.example'],
  );
});

test('a macro is not followed, a loop ends, and our own names are not of others', () => {
  const found = look(
    'a.test. 60 IN TXT "v=spf1 include:%{i}.x.example include:b.a.test -all"\n' +
      'b.a.test. 60 IN TXT "v=spf1 include:b.a.test -all"\n',
  );
  assert.deepEqual(found, { dead: [], owners: [], silent: [] });
  assert.equal(outsideItem({ found, memory: undefined, now }).state, 'not needed');
});

test('without an answer it is unknown, and without a domain too', () => {
  const failure: DnsAnswer = { kind: 'failure', reason: 'timeout', text: 'timed out' };
  const asking = outsideNames(['a.test'], { organisationOf, selectors: () => [] });
  const found = answeredBy(asking, () => failure);
  assert.equal(outsideItem({ found, memory: {}, now }).state, 'unknown');
  assert.equal(outsideItem(undefined).state, 'unknown');
});

test('other name servers are told for 30 days, a server more is not', () => {
  const owner = { domain: 'other.example', usedBy: 'include:x', servers: ['dns.example'] };
  const moved = { ...owner, servers: ['elsewhere.example'] };
  const first = rememberOwners({}, [owner], now);
  assert.deepEqual(changedOwners(first, [owner], now), []);
  const more = { ...owner, servers: ['dns.example', 'second.example'] };
  assert.deepEqual(changedOwners(first, [more], now), []);
  assert.equal(changedOwners(first, [moved], now).length, 1);

  const later = (at + 10 * dayMs) as Millis;
  const second = rememberOwners(first, [moved], now);
  assert.equal(changedOwners(second, [moved], later).length, 1);
  const found = { dead: [], owners: [moved], silent: [] };
  const item = outsideItem({ found, memory: second, now: later });
  assert.equal(item.state, 'broken');
  assert.match(
    item.found,
    /other name servers for 10 days: elsewhere\.example, before dns\.example/,
  );

  const over = (at + 31 * dayMs) as Millis;
  assert.deepEqual(changedOwners(second, [moved], over), []);
  const third = rememberOwners(second, [moved], over);
  assert.deepEqual(third['other.example'], { servers: ['elsewhere.example'], since: now });
  // It moves back before the time is over: nothing is told any more.
  assert.deepEqual(rememberOwners(second, [owner], later), first);
});

test('a new owner cannot hide in many name servers, or in none', () => {
  const names = Array.from(
    { length: 60 },
    (_, nth) => `other.example. 60 IN NS x.n${nth}.example.`,
  );
  const spf = 'a.test. 60 IN TXT "v=spf1 include:spf.other.example -all"\n';
  const leads = 'spf.other.example. 60 IN TXT "v=spf1 -all"\n';
  const many = look(`${spf}${leads}${names.join('\n')}\n`);
  assert.ok((many.owners[0]?.servers.length ?? 0) <= 10);

  const owner = { domain: 'other.example', usedBy: 'include:x', servers: ['dns.example'] };
  const before = rememberOwners({}, [owner], now);
  const none = look(spf + leads);
  assert.deepEqual(
    none.owners.map(({ servers }) => servers),
    [[]],
  );
  const item = outsideItem({ found: none, memory: before, now });
  assert.equal(item.state, 'broken');
  assert.match(item.found, /other name servers .*: none, before dns\.example/);
  // Names that never had servers of their own, as below a CDN, say nothing.
  assert.equal(outsideItem({ found: none, memory: {}, now }).state, 'done');
  assert.deepEqual(rememberOwners({}, none.owners, now), {});
});

test('the memory is bounded, and what is in use stays', () => {
  const many = Array.from({ length: 600 }, (_, nth) => ({
    domain: `d${nth}.example`,
    usedBy: '',
    servers: ['ns.example'],
  }));
  const full = rememberOwners({}, many, now);
  assert.equal(Object.keys(full).length, 500);
  const one = { domain: 'new.example', usedBy: '', servers: ['ns.example'] };
  assert.ok('new.example' in rememberOwners(full, [one], (at - dayMs) as Millis));
});

test('copies: a part of the body is broken, fields that can be added are missing', () => {
  assert.equal(replayItem([]).state, 'not needed');
  assert.equal(replayItem([ownSigner]).state, 'done');
  const conf = (text: string) => new Map(text.split(' ').map((one) => [one.toLowerCase(), '1']));
  const part = opendkimSigner(conf('BodyLengthDB'));
  assert.ok(part);
  assert.equal(replayItem([ownSigner, part]).state, 'broken');
  const few = opendkimSigner(new Map([['oversignheaders', 'From, To']]));
  assert.deepEqual(few?.addable, ['cc', 'subject', 'reply-to']);
  assert.ok(few);
  assert.equal(replayItem([few]).state, 'missing');
  assert.match(replayItem([few]).fix, /OversignHeaders/);
  assert.equal(opendkimSigner(new Map([['mode', 'v']])), undefined);
  assert.equal(rspamdSigner(new Map([['enabled', 'false']])), undefined);
  assert.deepEqual(rspamdSigner(new Map())?.addable, []);
  const own = rspamdSigner(new Map([['sign_headers', '(o)from:(o)to:(o)cc:subject:(x)reply-to']]));
  assert.deepEqual(own?.addable, ['subject', 'reply-to']);
});

test('a signer counts only if Postfix asks it', () => {
  assert.ok(namesSocket('inet:localhost:8891, unix:postern/milter', 'inet:8891@localhost'));
  assert.ok(namesSocket('unix:opendkim/opendkim.sock', 'local:/run/opendkim/opendkim.sock'));
  assert.ok(!namesSocket('unix:postern/milter', 'local:/run/opendkim/opendkim.sock'));
  assert.ok(!namesSocket('inet:localhost:18891', 'inet:8891@localhost'));
});

test('forwards: SRS is enough, ARC alone is not, an unread table is unknown', () => {
  const none = { outside: {}, files: 0, unseenHomes: 0, unread: [], srs: '', arc: '' };
  const some = { ...none, outside: { 'gmail.com': 12, 'web.de': 3 } };
  assert.equal(forwardsItem(undefined).state, 'unknown');
  assert.equal(forwardsItem(none).state, 'not needed');
  assert.equal(forwardsItem({ ...none, unread: ['mysql:/x'] }).state, 'unknown');
  assert.equal(forwardsItem({ ...none, unseenHomes: 3 }).state, 'unknown');
  assert.equal(forwardsItem(some).state, 'missing');
  assert.match(
    forwardsItem(some).found,
    /^15 addresses .*gmail\.com \(12\), web\.de \(3\); neither/,
  );
  assert.match(forwardsItem({ ...some, arc: 'Postern' }).found, /ARC by Postern, no SRS/);
  assert.equal(forwardsItem({ ...some, srs: 'sender_canonical_maps' }).state, 'done');
  assert.match(
    forwardsItem({ ...none, files: 2 }).found,
    /^~\/\.forward, which is not read, of 2 users/,
  );
});
