/**
 * The views of providers and incidents in a real Chromium: each has an address that a notice or a
 * colleague can point at, also before one has signed in.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 120_000 };
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

/** Opens an address and signs in there. At the end the console has no error. */
async function visit(scene: Scene, path: string, look: (page: Page) => Promise<void>) {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}${path}`);
  await page.until(`document.activeElement?.id === 'token'`);
  await page.type(testToken);
  await page.press('Enter');
  await page.until(`document.querySelector('.link.live') !== null`);
  await look(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const shows = (text: string): string =>
  `document.querySelector('main').innerText.includes(${JSON.stringify(text)})`;
const where = (page: Page) => page.evaluate<string>('location.pathname + location.search');
/** Presses Tab until the focused element has this text, then Enter. */
async function follow(page: Page, text: string): Promise<void> {
  for (let nth = 0; nth < 60; nth++) {
    await page.press('Tab');
    const name = await page.evaluate<string>('document.activeElement?.textContent.trim() ?? ""');
    if (name === text) return page.press('Enter');
  }
  assert.fail(`no way to "${text}" by Tab`);
}

test('a link to a provider survives the sign-in; by keyboard to the incident and back', limit, () =>
  visit('hijack', '/providers/google', async (page) => {
    await page.until(shows('In their words'));
    assert.equal(await where(page), '/providers/google');
    const text = await page.evaluate<string>(`document.querySelector('main').innerText`);
    for (const part of ['slowed', '421-4.7.28', 'What to do', 'healthy → slowed', '92 %']) {
      assert.ok(text.includes(part), part);
    }
    assert.equal(await page.evaluate(`document.querySelectorAll('.lane-card canvas').length`), 2);

    await follow(page, 'the incident');
    await page.until(shows('Providers that suffered from it'));
    assert.equal(await where(page), '/incidents/i-1');
    await page.until(shows('Google slowed mail from 192.0.2.25; this account made 92 %'));
    await page.evaluate('history.back()');
    await page.until(shows('In their words'));

    await follow(page, 'All providers');
    await page.until(shows('New replies this week'));
    assert.equal(await where(page), '/providers');
    await follow(page, 'Overview');
    await page.until(`document.getElementById('lookup-field')?.checkVisibility() === true`);
  }),
);

test(
  'sheets have addresses: opened, kept over a reload, closed to where they came from',
  limit,
  () =>
    visit('hijack', '/incidents/i-1', async (page) => {
      await page.until(`document.querySelector('.leak') !== null`);
      await page.evaluate(`document.querySelector('.leak button').click()`);
      await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('Outcome')`);
      assert.match(await where(page), /^\/messages\/4bX/);
      await page.evaluate('location.reload()');
      await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('Outcome')`);
      await page.press('Escape');
      await page.until(`document.querySelector('dialog') === null`);
      assert.equal(await where(page), '/incidents/i-1');
    }),
);

test('an account’s sheet opens by its address, and closes to the overview', limit, () =>
  visit('hijack', '/accounts/joe.weber%40example.org', async (page) => {
    await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('suspended')`);
    await page.press('Escape');
    await page.until(`document.querySelector('dialog') === null`);
    assert.equal(await where(page), '/');
  }),
);

test('an address of nothing says so, and what is in it is text', limit, () =>
  visit('quiet', '/providers', async (page) => {
    await page.until(shows('No mail has left'));
    const follows = `(address) => { history.pushState(null, '', address);
      dispatchEvent(new PopStateEvent('popstate')); }`;
    await page.evaluate(`(${follows})('/incidents')`);
    await page.until(shows('No incident is known'));
    await page.evaluate(`(${follows})('/providers')`);
    await page.until(shows('No mail has left'));
  }),
);

describe('looks', limit, () => {
  const views: readonly (readonly [name: string, path: string, ready: string])[] = [
    ['providers', '/providers', 'New replies this week'],
    ['a provider', '/providers/google', 'In their words'],
    ['incidents', '/incidents', 'suspended'],
    ['an incident', '/incidents/i-1', 'Mail that got out'],
  ];
  for (const [name, path, ready] of views) {
    test(`${name}: legible, labelled, at all widths, and without a fault for axe`, limit, () =>
      visit('hijack', path, async (page) => {
        await page.until(shows(ready));
        await page.evaluate(axe);
        for (const scheme of ['light', 'dark'] as const) {
          await page.scheme(scheme);
          assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
          assert.deepEqual(await page.evaluate(violations), [], scheme);
        }
        assert.deepEqual(await page.evaluate(namelessControls), []);
        // 640 px is what a window of 1280 px has left at 200 %.
        for (const width of [360, 640, 768, 1280]) {
          await page.size(width, 800, { phone: width === 360 });
          assert.deepEqual(await page.evaluate(tooWide), [], `${width} px`);
          assert.deepEqual(await page.evaluate(clippedText), [], `${width} px`);
        }
      }),
    );
  }
});

const violations = `axe.run(document).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`;
