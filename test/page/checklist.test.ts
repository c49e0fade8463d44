/**
 * The checklist on the status page in a real Chromium: the next steps come first, the whole list is
 * folded by state, and an item is acknowledged by keyboard.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };
const listed = `document.querySelector('.checklist .rows') !== null`;

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

/** Opens the page signed in, at this address of a view. At the end the console has no error. */
async function visit(scene: Scene, path: string, look: (page: Page) => Promise<void>) {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  if (path !== '/') {
    await page.goto(`${at.door.address}${path}`);
    await page.until(`document.querySelector('.link.live') !== null`);
  }
  await look(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate<string>(
    `document.querySelector(${JSON.stringify(selector)}).innerText.replace(/\\s+/g, ' ').trim()`,
  );
const section = `section:has(> .heading #next-steps)`;
const shown = `document.querySelector('${section} .top-line') !== null`;

test('the overview begins with the next three steps, each with its command', limit, () =>
  visit('quiet', '/', async (page) => {
    await page.until(shown);
    assert.match(await textOf(page, '.major > section'), /^Next steps .*2 broken · 16 of 22/);
    const steps = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.next-list li')].map((one) => one.innerText)`,
    );
    assert.equal(steps.length, 3);
    assert.match(steps[0] ?? '', /broken DKIM keys .*\n.*\n?postern dns plan example\.org/s);
    await page.evaluate(`document.querySelector('${section} .heading a').click()`);
    await page.until(listed);
    assert.equal(await page.evaluate('location.pathname'), '/checklist');
    assert.equal(await page.evaluate('document.title'), 'Checklist · Postern');
  }),
);

test('while an account is suspended, the steps are one line', limit, () =>
  visit('hijack', '/', async (page) => {
    await page.until(shown);
    assert.equal(await page.evaluate(`document.querySelector('.next-list')`), null);
  }),
);

test('before the first run, the page says when it comes', limit, () =>
  visit('empty', '/checklist', async (page) => {
    await page.until(`document.querySelector('.checklist [role=status]') !== null`);
    assert.match(await textOf(page, '.checklist'), /The first run is on now/);
  }),
);

test('broken and missing items are open, all others are folded; states have words', limit, () =>
  visit('quiet', '/checklist', async (page) => {
    await page.until(listed);
    const groups = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.checklist > details')]
        .map((one) => one.querySelector('h3').innerText + (one.open ? ' open' : ''))`,
    );
    assert.deepEqual(groups, [
      'Broken 2 open',
      'Missing 3 open',
      'Unknown 1',
      'Done 16',
      'Not needed 1',
    ]);
    const first = await textOf(page, '.checklist .item');
    assert.match(first, /^broken DKIM keys .* Required by Gmail, Yahoo, Microsoft/);
    assert.match(first, /signing\.published · minutes, free · since .*, found by root/);
    assert.match(await textOf(page, '.checklist'), /Found 2 h ago by the nightly check/);
  }),
);

test('the history of an item is folded, and is asked for when it is opened', limit, () =>
  visit('quiet', '/checklist', async (page) => {
    await page.until(listed);
    const history = `document.querySelector('.checklist .item-history')`;
    assert.equal(await page.evaluate(`${history}.querySelector('li')`), null);
    await page.evaluate(`${history}.querySelector('summary').focus()`);
    await page.press('Enter');
    await page.until(`${history}.querySelector('li') !== null`);
    assert.match(
      await textOf(page, '.checklist .item-history li'),
      /^2 d ago: done, then broken, by the nightly check Key r20260101 of example\.org is missing/,
    );
    assert.equal(
      await page.evaluate(`document.querySelectorAll('.checklist .item-history li').length`),
      1,
      'of the others nothing is asked',
    );
  }),
);

test('an item is acknowledged and taken back, by keyboard', limit, () =>
  visit('quiet', '/checklist', async (page) => {
    await page.until(listed);
    await page.evaluate(`document.querySelector('.checklist .item button').focus()`);
    await page.press('Enter');
    await page.until(`document.querySelector('dialog.confirm') !== null`);
    const asked = await textOf(page, 'dialog.confirm');
    assert.match(asked, /postern checklist ack signing\.published --days 30/);
    await page.evaluate(`document.getElementById('confirm-note').focus()`);
    await page.type('moving soon');
    await page.press('Enter');
    await page.until(`document.querySelector('dialog') === null`);
    const has = (title: string): string =>
      `[...document.querySelectorAll('.checklist h3')].some((one) => one.innerText === '${title}')`;
    await page.until(has('Acknowledged 1'));
    await page.until(has('Broken 1'));
    assert.match(await textOf(page, '.top-line'), /^1 broken/);
    await page.evaluate(
      `[...document.querySelectorAll('.checklist > details > summary')].at(-1).focus()`,
    );
    await page.press('Enter');
    const last = `[...document.querySelectorAll('.checklist > details')].at(-1)`;
    assert.match(
      await page.evaluate<string>(`${last}.innerText.replace(/\\s+/g, ' ')`),
      /Acknowledged by status page until \d{4}-\d\d-\d\d: moving soon/,
    );
    await page.evaluate(`${last}.querySelector('.item button').focus()`);
    await page.press('Enter');
    await page.until(`document.querySelector('dialog.confirm') !== null`);
    await page.evaluate(`document.querySelector('dialog.confirm .primary').click()`);
    await page.until(has('Broken 2'));
  }),
);

test('legible, labelled, and without sideways scrolling, also on a phone', limit, async () => {
  for (const path of ['/', '/checklist']) {
    await visit('quiet', path, async (page) => {
      await page.until(path === '/' ? shown : listed);
      await page.evaluate(
        `document.querySelectorAll('details').forEach((one) => { one.open = true; })`,
      );
      for (const scheme of ['light', 'dark'] as const) {
        await page.scheme(scheme);
        assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
        assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
      }
      assert.deepEqual(await page.evaluate(namelessControls), []);
      // 640 is a window of 1280 at 200 %.
      for (const width of [360, 640, 768, 1280]) {
        await page.size(width, 800, { phone: width === 360 });
        assert.deepEqual(await page.evaluate(tooWide), [], `${path} at ${width} px`);
        assert.deepEqual(await page.evaluate(clippedText), [], `${path} at ${width} px`);
      }
    });
  }
});
