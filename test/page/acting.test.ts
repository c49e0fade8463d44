/**
 * What the page says of how far Postern acts, and of mail that passed, in a real Chromium: mode
 * observe that acts on some accounts, the brake, notices, and what a thief could reach.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Stage, stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };
const few = ['domain:example.org', 'account:joe@example.net', '5%'];
const many = Array.from({ length: 400 }, (_, nth) => `domain:customer-${nth}.example`);

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

async function visit(
  scene: Scene,
  path: string,
  how: { set?(at: Stage): unknown; look(page: Page): Promise<void> },
): Promise<void> {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  await how.set?.(at);
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`location.search === '' && document.querySelector('.link.live') !== null`);
  if (path !== '/') await page.goto(`${at.door.address}${path}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  await how.look(page);
  await looksWell(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

async function looksWell(page: Page): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.scheme(scheme);
    assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
    assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
  }
  assert.deepEqual(await page.evaluate(namelessControls), []);
  for (const width of [360, 390, 768, 1280]) {
    await page.size(width, 800, { phone: width < 400 });
    assert.deepEqual(await page.evaluate(tooWide), [], `${width} px`);
    assert.deepEqual(await page.evaluate(clippedText), [], `${width} px`);
  }
}

const textOf = (page: Page, selector: string): Promise<string> =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent
    .replaceAll(/\\s+/g, ' ').trim()`);

test('mode observe that acts on some accounts says in words which', limit, () =>
  visit('quiet', '/', {
    set: (at) => at.enforce(...few),
    async look(page) {
      assert.equal(await textOf(page, '.chip'), 'Guarding in part');
      assert.equal(await textOf(page, 'h1'), 'Observing, and acting in part');
      const state = await textOf(page, '.state');
      assert.match(
        state,
        /Postern acts on example\.org, joe@example\.net and 5 % of all accounts\./,
      );
      assert.match(state, /To let Postern act on all mail: postern mode guard/);
      assert.match(await textOf(page, '.readout'), /18 were or would have been held or delayed/);
    },
  }),
);

test('400 domains that Postern acts on are a number', limit, () =>
  visit('observe', '/', {
    set: (at) => at.enforce(...many),
    async look(page) {
      const state = await textOf(page, '.state');
      assert.match(state, /Nothing of this was stopped: Postern acts only on 400 domains\./);
      assert.doesNotMatch(state, /customer/);
      assert.equal(await textOf(page, '#suspended'), 'Would have been suspended 1');
    },
  }),
);

test('an account that is suspended while most are observed is called suspended', limit, () =>
  visit('hijack', '/', {
    set: (at) => at.enforce(...few),
    async look(page) {
      assert.equal(await textOf(page, 'h1'), '1 account suspended');
      assert.equal(await textOf(page, '#suspended'), 'Suspended 1');
      assert.equal(await textOf(page, '.jumps a'), 'Suspended 1');
      assert.match(
        await textOf(page, '[aria-labelledby=watched]'),
        /mail is or would be held from/,
      );
    },
  }),
);

test('the brake is named at the top, with what it means', limit, () =>
  visit('quiet', '/', {
    async set(at) {
      await at.admin.brake.set({ on: true }, 'root', '');
      at.trouble(`${at.admin.brake.view().text} (postern brake)`);
    },
    async look(page) {
      assert.equal(await textOf(page, '.chip'), 'Brake is on');
      assert.match(
        await page.evaluate(`document.querySelector('.chip').title`),
        /root pulled it\. No account is suspended/,
      );
      assert.match(await textOf(page, '.troubles'), /The brake is on since .*postern brake/);
    },
  }),
);

test('an account: notices while its mail passed, and what a thief could reach', limit, () =>
  visit('hijack', '/accounts/press%40example.org', {
    async look(page) {
      await page.until(`document.querySelector('dialog')?.innerText.includes('a thief could')`);
      const sheet = await textOf(page, 'dialog');
      for (const part of [
        'Sent from a new network with a new program',
        'Many strangers reached 57 strangers reached in a day; you are told above 32',
        'One text sent to many people',
        'Unusual for days, but too little to stop it',
        'In a day44 (as every account); reached now: 1',
        'Includes 140 people in 30 days who wrote to it first, or seem to',
      ]) {
        assert.ok(sheet.includes(part), `${part} is not in ${sheet}`);
      }
      await page.press('Tab');
      assert.equal(await page.evaluate(`document.activeElement.closest('dialog') !== null`), true);
    },
  }),
);
