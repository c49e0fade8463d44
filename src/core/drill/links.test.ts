/** The chain of a drill: what is not reached, and that it never counts as working. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chain, type LinkId, linkIds, links } from './links.ts';
import { allFine, drillSummary, drillText, firstFailed } from './report.ts';
import { drillFileText, parseReport } from './report-file.ts';

const fine = { state: 'fine', saw: 'seen' } as const;

function chainWith(broken: LinkId | undefined): Chain {
  const chain = new Chain();
  for (const id of linkIds) {
    chain.note(id, id === broken ? { state: 'failed', saw: 'cut' } : fine);
  }
  return chain;
}

test('a link needs only links before it, so one pass in order tries them all', () => {
  for (const [nth, id] of linkIds.entries()) {
    for (const need of links[id].needs) assert.ok(linkIds.indexOf(need) < nth, `${id}: ${need}`);
  }
});

test('each link that breaks is the first that failed, and what needs it is not reached', () => {
  for (const broken of linkIds) {
    const results = chainWith(broken).results();
    assert.equal(firstFailed(results)?.id, broken);
    assert.notEqual(firstFailed(results)?.fix, '');
    assert.equal(allFine(results), false);
    for (const { id, state } of results) {
      if (id === broken) continue;
      assert.equal(state, reaches(id, broken) ? 'not reached' : 'fine', `${broken}, ${id}`);
    }
  }
});

/** Does this link need that one, directly or through others? */
function reaches(id: LinkId, broken: LinkId): boolean {
  return links[id].needs.some((need) => need === broken || reaches(need, broken));
}

test('links without a result count as not reached', () => {
  const chain = new Chain();
  chain.note('guard', fine);
  const results = chain.results();
  assert.equal(results.length, linkIds.length);
  assert.equal(allFine(results), false);
  assert.equal(results.find(({ id }) => id === 'helper')?.state, 'not reached');
});

test('a link that is not configured is no fault, and does not count as working', () => {
  const chain = chainWith(undefined);
  chain.note('webhook', { state: 'unset', saw: 'notices.webhook is not set' });
  assert.equal(allFine(chain.results()), true);
  assert.equal(drillSummary(chain.results()), '17 of 18 links work, 1 not configured');
});

test('the report says first what is broken, and is read again as it was written', () => {
  const results = chainWith('login').results();
  const report = {
    at: 1_795_962_893_476 as Parameters<typeof drillText>[0]['at'],
    tookMs: 4_025,
    host: 'mail.example.org',
    fine: false,
    links: results,
    ping: 'unset',
  };
  assert.match(
    drillText(report),
    /^DRILL on mail\.example\.org failed\. First broken link: login \(Dovecot refuses/,
  );
  assert.match(drillText(report), /^-- +release /m);
  assert.deepEqual(parseReport(drillFileText(report)), report);
  for (const text of ['', '{', '[]', '{"at":1}', drillFileText(report).replace('"login"', '"x"')]) {
    assert.equal(parseReport(text), undefined, text);
  }
});

test('what a server or a file says moves no cursor, begins no line, and has a date', () => {
  const evil = 'a\u001b[2Jb\r\nc\u202ed';
  const chain = new Chain();
  chain.note('guard', { state: 'failed', saw: evil, fix: 'x' });
  assert.doesNotMatch(chain.results()[0]?.saw ?? '', /[\p{Cc}\u202e]/u);
  const link = { id: 'guard', title: evil, state: 'failed', saw: evil, fix: evil };
  const stored = { at: 1, tookMs: 1, host: evil, fine: false, ping: evil, links: [link] };
  const report = parseReport(JSON.stringify(stored));
  assert.ok(report);
  assert.doesNotMatch(JSON.stringify(report), /\\[urn]|[\p{Cc}\u202e]/u);
  assert.doesNotMatch(drillText(report), /[^\P{Cc}\n]|\u202e/u);
  for (const at of [1e300, 9e15, 1.5, '1', null]) {
    assert.equal(parseReport(JSON.stringify({ ...stored, at })), undefined, String(at));
  }
});
