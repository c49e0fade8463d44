/**
 * The search at the top of the status page in a real Chromium: at hand by keyboard and on a phone,
 * it opens exactly what was typed, and says how many accounts its suggestions leave out.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stage, testToken } from '../doubles/client.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

async function visit(look: (page: Page) => Promise<void>): Promise<void> {
  await using at = await stage('hijack', '127.0.0.1', Date.now());
  at.crowd();
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  await look(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(`document.activeElement?.id || document.activeElement?.innerText || ''`);
const sheetOf = (name: string): string =>
  `document.querySelector('#sheet-title')?.innerText === ${JSON.stringify(name)}`;
const options = `document.querySelectorAll('[role=option]').length`;

test('the second Tab is in the search; the first skips to the content', limit, () =>
  visit(async (page) => {
    await page.press('Tab');
    assert.equal(await focused(page), 'Skip to the content');
    await page.press('Tab');
    assert.equal(await focused(page), 'lookup-field');
    await page.press('Tab', { shift: true });
    await page.press('Enter');
    assert.equal(await focused(page), 'content');
    await page.press('Tab');
    assert.equal(await page.evaluate(`document.activeElement.closest('main') !== null`), true);
  }),
);

test(
  '/ leads to the search from anywhere, and Escape back; in a field / is a character',
  limit,
  () =>
    visit(async (page) => {
      const details = `document.querySelector('.card [aria-label^="Details: victim3"]')`;
      await page.evaluate(`${details}.focus()`);
      await page.press('/');
      assert.equal(await focused(page), 'lookup-field');
      assert.equal(await page.evaluate('document.activeElement.value'), '');
      await page.press('/');
      assert.equal(await page.evaluate('document.activeElement.value'), '/');
      await page.press('Escape');
      assert.equal(await page.evaluate(`document.activeElement === ${details}`), true);
      await page.evaluate(`document.getElementById('watched-filter').focus()`);
      await page.press('/');
      assert.equal(await focused(page), 'watched-filter');
      assert.equal(await page.evaluate('document.activeElement.value'), '/');
    }),
);

test('Enter opens exactly what was typed, also at once; a part leads to the search', limit, () =>
  visit(async (page) => {
    await page.press('/');
    await page.type('watched3');
    await page.press('Enter', { atOnce: true }); // before any suggestion is there
    await page.until(sheetOf('watched3@example.org'));
    const told = `document.querySelector('dialog.sheet').innerText`;
    await page.until(`${told}.includes('What a thief could reach')`);
    const bound = /In 30 days\s+260 \(as every account\); reached now: 21/;
    assert.match(await page.evaluate<string>(told), bound);
    const passed = /Notices while its mail passed\s+just now\s+Many strangers reached\s+57 /;
    assert.match(await page.evaluate<string>(told), passed);
    await page.press('Escape');
    await page.until(`document.querySelector('dialog') === null`);
    await page.press('/');
    assert.equal(await focused(page), 'lookup-field');
    await page.evaluate(`document.activeElement.select()`);
    await page.type('watched');
    await page.until(`document.querySelector('.suggestions').innerText.includes('28 accounts')`);
    await page.press('Enter');
    await page.until(`document.querySelector('.found-accounts') !== null`);
    assert.equal(await page.evaluate('location.pathname + location.search'), '/find?q=watched');
    const found = await page.evaluate<string>(`document.querySelector('.find-answer').innerText`);
    assert.match(found, /Accounts 28\s/);
    assert.match(found, /20 of 28 shown/);
  }),
);

test('suggestions are a list for arrow keys and for ears, and say what they leave out', limit, () =>
  visit(async (page) => {
    await page.press('/');
    await page.until(`document.activeElement?.id === 'lookup-field'`);
    await page.type('watched');
    await page.until(`${options} === 9`);
    const heard = `document.querySelector('.lookup [role=status]').innerText`;
    assert.equal(await page.evaluate(heard), '8 of 28 accounts shown');
    const field = (name: string) =>
      page.evaluate(`document.activeElement.getAttribute(${JSON.stringify(name)})`);
    assert.equal(await field('aria-expanded'), 'true');
    assert.equal(await field('aria-activedescendant'), null);
    await page.press('ArrowDown');
    await page.press('ArrowDown');
    assert.equal(await field('aria-activedescendant'), 'lookup-1');
    const active = `document.querySelector('[role=option][aria-selected=true]')`;
    const name = await page.evaluate<string>(`${active}.querySelector('.option-name').innerText`);
    assert.deepEqual(await axeFaults(page), []);
    await page.press('ArrowUp');
    await page.press('ArrowUp');
    assert.match(await page.evaluate(`${active}.innerText`), /Find messages: watched/);
    await page.press('ArrowDown');
    await page.press('ArrowDown');
    await page.press('Enter');
    await page.until(sheetOf(name));
    assert.equal(await page.evaluate(options), 0);
  }),
);

test('on a phone the search is on the first screen, and its suggestions fit', limit, () =>
  visit(async (page) => {
    await page.size(360, 740, { phone: true });
    const bottom = await page.evaluate<number>(
      `document.getElementById('lookup-field').getBoundingClientRect().bottom`,
    );
    assert.ok(bottom < 200, `${bottom} px`);
    await page.evaluate(`document.getElementById('lookup-field').focus()`);
    await page.type('<img src=x>@e');
    await page.until(`document.querySelector('.suggestions').innerText.includes('No account has')`);
    assert.equal(await page.evaluate(`document.querySelector('.suggestions img')`), null);
    assert.deepEqual(await page.evaluate(tooWide), []);
    assert.deepEqual(await page.evaluate(clippedText), []);
  }),
);
