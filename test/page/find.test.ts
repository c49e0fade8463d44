/**
 * The search of the status page in a real Chromium: messages are found by what a person remembers,
 * the outcome of each is told, and what is not kept in clear text is marked.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };
const answered = `document.querySelector('.find-answer .rows, .find-answer .empty') !== null`;

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

/** Opens the page signed in, at this address of a view. At the end the console has no error. */
async function visit(scene: Scene, hash: string, look: (page: Page) => Promise<void>) {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  if (hash !== '') await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await look(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate<string>(
    `document.querySelector(${JSON.stringify(selector)}).innerText.replace(/\\s+/g, ' ')`,
  );
const sheetHas = (text: string): string =>
  `document.querySelector('dialog.sheet')?.innerText.includes(${JSON.stringify(text)})`;

test('by keyboard: type an address, open the message, read its outcome, go back', limit, () =>
  visit('hijack', '', async (page) => {
    await page.evaluate(`document.getElementById('lookup-field').focus()`);
    await page.type('lena@gmail.example');
    await page.until(`document.querySelector('[role=option]') !== null`);
    await page.press('Enter');
    await page.until(answered);
    assert.equal(
      await page.evaluate('decodeURIComponent(location.pathname + location.search)'),
      '/find?q=lena@gmail.example',
    );
    assert.equal(await page.evaluate('document.activeElement.id'), 'find-field');
    const found = await textOf(page, '.find-answer');
    assert.match(
      found,
      /Minutes of Monday .*anna\.berger@example\.org lena@gmail\.example delivered/,
    );
    assert.match(found, /as recipient, sender, account or Message-ID\. .*postern find lena@/);

    await page.press('Tab'); // the button
    await page.press('Tab'); // the message
    await page.press('Enter');
    await page.until(sheetHas('Gmail deferred 3 times'));
    const told = await textOf(page, 'dialog.sheet');
    assert.match(told, /Outcome Delivered Accepted .* Gmail deferred 3 times Delivered .*/);
    assert.match(told, /Last reply of gmail-smtp-in\.l\.google\.com\[198\.51\.100\.25\] to 192/);
    await page.press('Escape');
    await page.until(`document.querySelector('dialog') === null`);
    await page.evaluate('history.back()');
    await page.until(`document.querySelector('.columns')?.checkVisibility() === true`);
    assert.equal(await page.evaluate(`document.getElementById('find-field')`), null);
  }),
);

test('an address of a search can be opened, and another search follows', limit, () =>
  visit('hijack', '#/find?q=parcel', async (page) => {
    await page.until(`document.querySelectorAll('.find-answer .mail').length === 3`);
    await page.evaluate(`document.getElementById('find-field').value = 'no such words'`);
    await page.evaluate(`document.getElementById('find-field').focus()`);
    await page.press('Enter');
    await page.until(`document.querySelector('.find-answer .empty') !== null`);
    assert.match(await textOf(page, '.find-answer'), /No message was found.*kept in clear text/);
  }),
);

test('what is not kept in clear text is marked; markup in the search is text', limit, () =>
  visit('quiet', '#/find?q=office@example.org', async (page) => {
    await page.until(answered);
    assert.equal(await page.evaluate(`document.querySelectorAll('.mail .unkept').length`), 2);
    assert.match(await textOf(page, '.mail'), /subject not kept .* 2 recipients, not kept/);
    await page.evaluate(`document.querySelector('.mail .subject').click()`);
    await page.until(sheetHas('2 addresses not kept'));
    await page.press('Escape');
    await page.until(`document.querySelector('dialog') === null`);
    await page.evaluate(`location.hash = '#/find?q=' + encodeURIComponent('<img src=x>')`);
    await page.until(`document.querySelector('.find-answer').innerText.includes('<img src=x>')`);
    assert.equal(await page.evaluate(`document.querySelector('.find-answer img')`), null);
  }),
);

test('an incident has its address, and lists what got out and who likely sent it', limit, () =>
  visit('hijack', '', async (page) => {
    await page.evaluate(`[...document.querySelectorAll('.card button')]
      .find(({ innerText }) => innerText.startsWith('Show what got out')).click()`);
    await page.until(`document.querySelector('.incident .leak') !== null`);
    assert.equal(await page.evaluate('location.pathname'), '/incidents/i-1');
    const told = await textOf(page, '.incident');
    assert.match(told, /3 likely the thief’s, 1 likely the owner’s/);
    assert.match(told, /Re: Lunch on Friday\? friend@elsewhere\.example/);
    assert.match(told, /sent from 185\.220\.101\.0\/24, the network of the attack/);
    assert.match(told, /postern incidents show i-1 --csv/);
    await page.evaluate(`document.querySelector('.leak button').click()`);
    await page.until(sheetHas('Delivered to Gmail'));
  }),
);

describe('looks', () => {
  const views: readonly (readonly [string, Scene, string, string])[] = [
    ['found mail', 'hijack', '#/find?q=joe.weber@example.org', ''],
    ['nothing found', 'quiet', '#/find?q=nothing+like+this', ''],
    ['a message to many', 'quiet', '#/find?q=bridge', '.mail .subject'],
    ['mail that is not kept', 'quiet', '#/find?q=office@example.org', '.mail .subject'],
  ];
  for (const [name, scene, hash, click] of views) {
    test(`${name}: legible, labelled, and without sideways scrolling`, limit, () =>
      visit(scene, hash, async (page) => {
        if (hash !== '') await page.until(answered);
        if (click !== '') {
          await page.evaluate(`document.querySelector(${JSON.stringify(click)}).click()`);
          await page.until(`document.querySelector('dialog[open] h3') !== null`);
        }
        for (const scheme of ['light', 'dark'] as const) {
          await page.scheme(scheme);
          assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
          assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
        }
        assert.deepEqual(await page.evaluate(namelessControls), []);
        for (const width of [360, 768, 1280]) {
          await page.size(width, 800, { phone: width === 360 });
          assert.deepEqual(await page.evaluate(tooWide), [], `${width} px`);
          assert.deepEqual(await page.evaluate(clippedText), [], `${width} px`);
        }
      }),
    );
  }
});
