/**
 * Long lists of the status page in a real Chromium: with 5 accounts suspended, 30 watched and 110
 * messages held, each list says that it is cut, shows more when asked, and can be filtered.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Stage, stage, testToken } from '../doubles/client.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

/** Opens an address on the worst night. At the end the console has no error. */
async function visit(path: string, look: (page: Page, at: Stage) => Promise<void>): Promise<void> {
  await using at = await stage('hijack', '127.0.0.1', Date.now());
  at.crowd();
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  if (path !== '/') await page.goto(`${at.door.address}${path}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  await look(page, at);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const section = (id: string): string => `document.querySelector('[aria-labelledby="${id}"]')`;
const text = (id: string, part: string): string =>
  `${section(id)}?.innerText.includes(${JSON.stringify(part)})`;
const press = (id: string, label: string): string =>
  `[...${section(id)}.querySelectorAll('button')].find((one) =>
    (one.ariaLabel ?? one.innerText).startsWith(${JSON.stringify(label)})).click()`;
const filter = (page: Page, id: string, typed: string): Promise<void> =>
  page.evaluate(`{
    const field = document.getElementById(${JSON.stringify(id)});
    field.value = ${JSON.stringify(typed)};
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }`);

test('the overview stays under four screens, and links lead to its parts', limit, () =>
  visit('/', async (page) => {
    await page.until(`document.querySelector('#statistics') !== null`);
    const height = await page.evaluate<number>('document.documentElement.scrollHeight');
    assert.ok(height < 4 * 900, `${height} px at 1280`);
    const jumps = await page.evaluate<string>(`document.querySelector('.jumps').innerText`);
    assert.match(jumps, /Suspended 5\s+Watched 30\s+Held mail 110\s/);
    await page.evaluate(`document.querySelector('.jumps a[href="#held"]').click()`);
    assert.equal(await page.evaluate('document.activeElement.id'), 'held');
    await page.press('Tab');
    assert.equal(await page.evaluate(`${section('held')}.contains(document.activeElement)`), true);
  }),
);

test('of five suspended accounts the first is open, and the others open when asked', limit, () =>
  visit('/', async (page) => {
    const shown = `${section('suspended')}.querySelectorAll('.facts').length`;
    assert.equal(
      await page.evaluate(`${section('suspended')}.querySelectorAll('.card').length`),
      5,
    );
    assert.equal(await page.evaluate(shown), 1);
    assert.ok(await page.evaluate(text('suspended', '7 recipients reached, 41 messages stopped')));
    await page.evaluate(press('suspended', 'Details: victim2@'));
    await page.until(`${shown} === 2`);
    await page.evaluate(press('suspended', 'Less: victim2@'));
    await page.until(`${shown} === 1`);
  }),
);

test('watched accounts: cut, more when asked, filtered', limit, () =>
  visit('/', async (page) => {
    const rows = `${section('watched')}.querySelectorAll('.watched').length`;
    assert.equal(await page.evaluate(rows), 4);
    assert.ok(await page.evaluate(text('watched', 'Showing 4 of 30')));
    await page.evaluate(press('watched', 'Show 20 more'));
    await page.until(`${rows} === 24`);
    await page.evaluate(press('watched', 'Show 20 more'));
    await page.until(text('watched', 'Showing all 30'));
    await filter(page, 'watched-filter', 'watched1');
    await page.until(text('watched', 'Showing all 10 with “watched1”'));
    await filter(page, 'watched-filter', 'nobody');
    await page.until(text('watched', 'No watched account has “nobody” in its name.'));
    await filter(page, 'watched-filter', '');
    await page.until(text('watched', 'Showing all 30'));
    await page.evaluate(press('watched', 'Show less'));
    await page.until(`${rows} === 4`);
  }),
);

test('held mail: a row for each account, its messages in pages, gone when released', limit, () =>
  visit('/', async (page, at) => {
    assert.equal(
      await page.evaluate(`${section('held')}.querySelectorAll('.held-group').length`),
      4,
    );
    const rows = `${section('held')}.querySelectorAll('.held-row').length`;
    assert.equal(await page.evaluate(rows), 0);
    const many = await page.evaluate<string>(`${section('held')}.querySelector('.name').innerText`);
    await page.evaluate(press('held', `Show held messages of ${many}`));
    await page.until(`${rows} === 10`);
    await page.evaluate(press('held', 'Show 20 more: held message'));
    await page.until(`${rows} === 30`);
    const first = await page.evaluate<string>(
      `${section('held')}.querySelector('.held-row [aria-label^=Release]').ariaLabel`,
    );
    await page.evaluate(press('held', first));
    await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
    await page.evaluate(`document.querySelector('.confirm [type=submit]').click()`);
    await page.until(`document.querySelector('#held .tally').innerText === '109'`);
    await page.until(`${section('held')}.querySelector('[aria-label="${first}"]') === null`);
    assert.deepEqual(at.calls, [`released ${first.replace('Release ', '')} by status page`]);
  }),
);

test('held mail has an address, of all accounts and of one', limit, () =>
  visit('/held', async (page) => {
    await page.until(text('all-held', 'postern held list'));
    assert.equal(await page.evaluate('document.title'), 'Held mail · Postern');
    const groups = `${section('all-held')}.querySelectorAll('.held-group').length`;
    const count = await page.evaluate<number>(groups);
    assert.ok(count > 4, `${count} accounts`);
    const address = await page.evaluate<string>(
      `location.origin + '/held/' + encodeURIComponent('local:www-data@mail.example.org')`,
    );
    await page.goto(address);
    await page.until(`document.querySelectorAll('.held-row').length === 1`);
    await page.until(`document.title === 'Held mail of local:www-data@mail.example.org · Postern'`);
    await page.goto(address.replace('local', 'nobody'));
    await page.until(text('held-of', 'No message of this account is held.'));
  }),
);

test('a held message says what it is; the account says from where, to which people', limit, () =>
  visit('/held/joe.weber%40example.org', async (page) => {
    await page.until(text('held-of', 'Your parcel is waiting'));
    assert.ok(await page.evaluate(text('held-of', 'To a.k@gmail.example, tom@yahoo.example')));
    assert.ok(await page.evaluate(text('held-of', 'and 7 more, from 185.220.101.44')));
    await page.evaluate(press('held-of', 'Show the account'));
    await page.until(`document.querySelector('.account-facts') !== null`);
    const facts = await page.evaluate<string>(`document.querySelector('.account-facts').innerText`);
    for (const part of [
      /Sent from\s+185\.220\.101\.44 +8 messages, last 4 min ago, a network it did not use before/,
      /192\.0\.2\.0\/24 in use since 90 d ago/,
      /Subjects\s+Your parcel is waiting 5 messages/,
      /Domains\s+gmail\.example \d/,
      /Last good login\s+4[78] min ago from 192\.0\.2\.\d+/,
      /Password\s+No password audit has run/,
    ]) {
      assert.match(facts, part);
    }
    assert.deepEqual(await axeFaults(page), []);
  }),
);

test('the latest messages are filtered by account, reason or verdict', limit, () =>
  visit('/', async (page) => {
    await page.until(text('feed', 'Showing 20 of 29'));
    await filter(page, 'feed-filter', 'joe.weber');
    await page.until(`document.querySelectorAll('.feed .line').length === 5`);
    await filter(page, 'feed-filter', 'refused');
    await page.until(`document.querySelectorAll('.feed .line').length === 2`);
  }),
);

test('long lists: legible, labelled, without sideways scrolling, no fault for axe', limit, () =>
  visit('/', async (page) => {
    await page.until(`document.querySelector('#statistics') !== null`);
    const many = await page.evaluate<string>(`${section('held')}.querySelector('.name').innerText`);
    await page.evaluate(press('held', `Show held messages of ${many}`));
    await page.until(`document.querySelector('.held-row') !== null`);
    for (const scheme of ['light', 'dark'] as const) {
      await page.scheme(scheme);
      assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
      assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
    }
    assert.deepEqual(await page.evaluate(namelessControls), []);
    // 640 px is what a window of 1280 px has left at 200 %.
    for (const width of [360, 640, 1280]) {
      await page.size(width, 800, { phone: width === 360 });
      assert.deepEqual(await page.evaluate(tooWide), [], `${width} px`);
      assert.deepEqual(await page.evaluate(clippedText), [], `${width} px`);
    }
  }),
);
