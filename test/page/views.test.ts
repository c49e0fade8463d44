/**
 * The views of providers and incidents in a real Chromium: each has an address that a notice or a
 * colleague can point at, also before one has signed in.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stage, testToken } from '../doubles/client.ts';
import { hostileReply } from '../doubles/lanes.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };

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

test('commands can be pasted on a server where Postern runs from a checkout', limit, () =>
  visit('empty', '/', async (page) => {
    const checkout = "/srv/postern/postern --state '/srv/mail state'";
    await page.until(shows(`${checkout} try hijack`));
    const commands = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.command')].map((one) => one.innerText.trim())`,
    );
    assert.ok(commands.length >= 2);
    for (const one of commands) assert.ok(one.includes(`${checkout} `), one);
    assert.equal(await page.evaluate(`document.querySelectorAll('.command .option').length`), 2);
    assert.deepEqual(await page.evaluate(tooWide), []);
  }),
);

test('a link to a provider survives the sign-in; by keyboard to the incident and back', limit, () =>
  visit('hijack', '/providers/google', async (page) => {
    await page.until(shows('In their words'));
    assert.equal(await where(page), '/providers/google');
    const text = await page.evaluate<string>(`document.querySelector('main').innerText`);
    for (const part of [
      'slowed',
      '421-4.7.28',
      'What to do',
      'before: healthy',
      '92 %',
      'IPv6 only',
      'postconf -Me',
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.equal(await page.evaluate(`document.querySelectorAll('.lane canvas').length`), 4);

    await follow(page, 'Show the incident');
    await page.until(shows('Providers that slowed or blocked us'));
    assert.equal(await where(page), '/incidents/i-1');
    await page.until(`document.title === 'Incident i-1 · Postern'`);
    await page.until(shows('Gmail slowed mail from us by IPv4; this account made 92 %'));
    await page.evaluate('history.back()');
    await page.until(shows('In their words'));

    await follow(page, 'All providers');
    await page.until(shows('New replies this week'));
    assert.equal(await where(page), '/providers');
    await follow(page, 'Overview');
    await page.until(`document.querySelector('.columns')?.checkVisibility() === true`);
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
      await page.evaluate('window.isBefore = true; location.reload()');
      const isAfter = 'window.isBefore === undefined';
      const isOpen = `document.querySelector('dialog.sheet')?.innerText.includes('Outcome')`;
      await page.until(`${isAfter} && ${isOpen}`);
      await page.press('Escape');
      await page.until(`location.pathname === '/incidents/i-1'`);
      await page.until(`document.querySelector('dialog') === null`);
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

test('an account’s sheet shows what was announced and imported', limit, () =>
  visit('hijack', '/accounts/press%40example.org', async (page) => {
    await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('Announced by')`);
    const text = String(await page.evaluate(`document.querySelector('dialog.sheet').innerText`));
    assert.match(text, /96 recipients \(imported: 40\)\./);
    assert.match(text, /Announced by root: 300 new recipients, 180 left, until \S/);
    assert.match(text, /accounts expect press@example\.org --cancel/);
  }),
);

test('an address of nothing says so, and what is in it is text', limit, () =>
  visit('quiet', '/providers', async (page) => {
    await page.until(shows('once Postern has read in the mail log'));
    const follows = `(address) => { history.pushState(null, '', address);
      dispatchEvent(new PopStateEvent('popstate')); }`;
    await page.evaluate(`(${follows})('/incidents')`);
    await page.until(shows('An incident is listed here once'));
    await page.evaluate(`(${follows})('/providers')`);
    await page.until(shows('once Postern has read in the mail log'));
  }),
);

test(
  'an unknown provider or incident: a plain sentence, and markup in it is text',
  limit,
  async () => {
    await using at = await stage('hijack', '127.0.0.1', Date.now());
    const page = await browser.open();
    await page.goto(`${at.door.address}/?token=${testToken}`);
    await page.until(`document.querySelector('.link.live') !== null`);
    for (const [path, sentence] of [
      ['/providers/nobody.example', 'Postern knows no provider nobody.example'],
      ['/incidents/i-9', 'Postern has no record of incident i-9.'],
      ['/incidents/%3Cimg%20src%3Dx%3E', 'Postern has no record of incident <img src=x>.'],
      ['/incidents/%E2%80%AEi-1', 'Postern has no record of incident \\u{202e}i-1.'],
    ] as const) {
      await page.goto(`${at.door.address}${path}`);
      await page.until(shows(sentence));
      assert.equal(await page.evaluate(`document.querySelector('main img')`), null);
    }
    // The browser writes each answer with status 404 to its console.
    assert.ok(
      page.complaints.every((one) => one.includes('404')),
      page.complaints.join('\n'),
    );
    await page.close();
  },
);

test('words of a server are text: markup, a turned direction, one long word', limit, () =>
  visit('hijack', '/providers', async (page) => {
    await page.until(shows('New replies this week'));
    const seen = await page.evaluate<string>(
      `document.querySelector('[aria-labelledby=new-replies] .reply').textContent`,
    );
    assert.ok(hostileReply.includes('\u202E') && hostileReply.includes('<img'));
    assert.match(
      seen,
      /<img src=x onerror=.*<b>we do not like you<\/b> \\u\{202e\}gnihton\\u\{202c\}/,
    );
    assert.doesNotMatch(seen, /[\u202a-\u202e\p{Cc}]/u);
    assert.equal(await page.evaluate(`document.querySelector('main img, main b')`), null);
    await page.size(360, 800, { phone: true });
    assert.deepEqual(await page.evaluate(tooWide), []);
  }),
);

test('charts of 24 hours, 7 days and 90 days; the table has the same numbers', limit, () =>
  visit('hijack', '/providers/google', async (page) => {
    const first = `document.querySelector('.lane')`;
    await page.until(`${first} !== null`);
    for (const range of ['24 hours', '7 days', '90 days']) {
      await page.evaluate(`[...document.querySelectorAll('.ranges button')]
        .find(({ innerText }) => innerText === ${JSON.stringify(range)}).click()`);
      await page.until(
        `${first}.querySelector('[role=img]').ariaLabel.startsWith('Last ${range}: ')`,
      );
      await page.until(
        `${first}.innerText.includes(${JSON.stringify(`Changes in the last ${range}`)})`,
      );
      // The days of a longer time are fetched first.
      await page.until(`${first}.querySelectorAll('tbody tr').length > 5`);
    }
  }),
);

test('the report of an incident: to read, for each reader, to copy and download', limit, () =>
  visit('hijack', '/incidents/i-1', async (page) => {
    const report = `document.querySelector('pre.report')?.textContent`;
    await page.until(`${report}?.includes('Incident      i-1')`);
    assert.doesNotMatch(await page.evaluate<string>(report), /kim\d@gmail\.example/);
    assert.equal(
      await page.evaluate(`document.querySelector('a[download]').download`),
      'incident-i-1.txt',
    );
    const download = await page.evaluate<string>(
      `fetch(document.querySelector('a[download]').href).then((answer) => answer.text())`,
    );
    assert.match(download, /Incident {6}i-1/);
    await page.evaluate(`[...document.querySelectorAll('.ranges button')].at(-1).click()`);
    await page.until(`${report}?.includes('185.220.101.44')`);
    await page.until(`document.querySelector('main').innerText.includes('--to abuse')`);
    await page.evaluate(`[...document.querySelectorAll('.incident button')]
      .find(({ innerText }) => innerText === 'Copy').click()`);
    await page.until(
      `/Copied|Selected/.test(document.querySelector('.incident .buttons').innerText)`,
    );
  }),
);

test('the first view leads to providers and incidents', limit, () =>
  visit('hijack', '/', async (page) => {
    await page.until(`document.querySelectorAll('.strip li').length === 4`);
    await page.until(
      `document.querySelector('[aria-labelledby=latest-incidents] a[href*=i-1]') !== null`,
    );
    await page.evaluate(`document.querySelector('.strip a').click()`);
    await page.until(shows('In their words'));
    assert.equal(await where(page), '/providers/google');
    await page.evaluate('history.back()');
    await page.until(`document.querySelector('.strip')?.checkVisibility() === true`);
    await page.evaluate('history.forward()');
    await page.until(shows('In their words'));
  }),
);

test('axe finds a fault where there is one', limit, () =>
  visit('quiet', '/incidents', async (page) => {
    await page.evaluate(`document.querySelector('main').append(document.createElement('input'))`);
    assert.match((await axeFaults(page)).join('\n'), /^label: <input>/m);
  }),
);

describe('looks', () => {
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
        for (const scheme of ['light', 'dark'] as const) {
          await page.scheme(scheme);
          assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
          assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
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
