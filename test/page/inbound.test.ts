/** Incoming mail on the status page in a real Chromium: numbers, quarantine, what is at risk. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Stage, stage, testToken } from '../doubles/client.ts';
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

/** Opens the page signed in. At the end the console has no error. */
async function visit(scene: Scene, look: (page: Page, at: Stage) => Promise<void>): Promise<void> {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  await look(page, at);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

/** Presses Tab until the focused element has this name. */
async function tabTo(page: Page, name: string): Promise<void> {
  const seen: string[] = [];
  for (let nth = 0; nth < 60; nth++) {
    await page.press('Tab');
    const focused = await page.evaluate<string>(
      `document.activeElement?.getAttribute('aria-label') ??
        document.activeElement?.textContent.trim() ?? ''`,
    );
    if (focused === name) return;
    seen.push(focused);
  }
  assert.fail(`no way to "${name}" by Tab; passed ${seen.join(' | ')}`);
}

test('deliver a message from quarantine, delete one, let a sender pass', limit, () =>
  visit('hijack', async (page, at) => {
    await page.until(`document.querySelectorAll('.incoming-row').length === 3`);
    const text = await page.evaluate<string>(
      `document.getElementById('inbound').closest('section').innerText`,
    );
    for (const part of ['16 waited and arrived, at most 5 min', 'You have won', '2 stopped']) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    const say = async (name: string, verb: string): Promise<void> => {
      await tabTo(page, name);
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
      await tabTo(page, verb);
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.confirm') === null`);
    };
    await page.evaluate(`document.querySelector('.incoming button').focus()`);
    await say('Deliver 4cQuarant1z1', 'Deliver');
    await page.evaluate(`document.querySelector('.incoming button').focus()`);
    await say('Delete 4cQuarant2z1', 'Delete permanently');
    await page.evaluate(`document.querySelector('#inbound').closest('section')
      .querySelector('summary').focus()`);
    await say('Let it pass: mail of alarm@heating.example', 'Let it pass');
    assert.deepEqual(at.calls, [
      'release incoming 4cQuarant1z1 by status page',
      'drop incoming 4cQuarant2z1 by status page',
      'allow alarm@heating.example () by status page',
    ]);
  }),
);

test('the chart has its numbers as a table, by keyboard', limit, () =>
  visit('hijack', async (page) => {
    await page.until(`document.getElementById('inbound') !== null`);
    const section = `document.getElementById('inbound').closest('section')`;
    await page.evaluate(`${section}.querySelector('summary').focus()`);
    await page.press('Enter');
    await page.until(`${section}.querySelector('details').open`);
    const rows = `${section}.querySelectorAll('details tbody tr').length`;
    assert.ok((await page.evaluate<number>(rows)) >= 6);
    const label = await page.evaluate<string>(
      `${section}.querySelector('[role=img]').getAttribute('aria-label')`,
    );
    assert.match(
      label,
      /^Honest-looking mail of the last 30 days: 16 waited and arrived, at most 5 min\./,
    );
  }),
);

test('nothing is shown while no mail has waited', limit, () =>
  visit('quiet', async (page) => {
    await page.until(`document.querySelector('#statistics') !== null`);
    assert.equal(await page.evaluate(`document.getElementById('inbound') === null`), true);
  }),
);

for (const scheme of ['light', 'dark'] as const) {
  test(`${scheme}: legible, with names, and not wider than a phone`, limit, () =>
    visit('hijack', async (page) => {
      await page.scheme(scheme);
      await page.until(`document.querySelectorAll('.incoming-row').length === 3`);
      assert.deepEqual(await page.evaluate(faintText), []);
      assert.deepEqual(await page.evaluate(namelessControls), []);
      assert.deepEqual(await axeFaults(page), []);
      await page.size(360, 740, { phone: true });
      assert.deepEqual(await page.evaluate(tooWide), []);
      assert.deepEqual(await page.evaluate(clippedText), []);
    }),
  );
}
