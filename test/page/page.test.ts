/**
 * The status page in a real Chromium. An operator signs in and releases an account by keyboard
 * alone; the live feed moves; every scene is legible in light and dark, fits a phone, and logs no
 * error to the console.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Stage } from '../doubles/client.ts';
import { stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import type { Browser, Page } from './chromium.ts';
import { openChromium } from './chromium.ts';
import { clippedText, faintText, namelessControls, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };
const live = `document.querySelector('.link.live') !== null`;
const phone = { phone: true };

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

/** Opens a page through the printed link. At the end the console must have no error. */
async function visit(scene: Scene, look: (page: Page, at: Stage) => Promise<void>): Promise<void> {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(live);
  await look(page, at);
  assert.deepEqual(page.complaints, []);
  await page.close();
}

const focused = (page: Page) =>
  page.evaluate<string>(
    `document.activeElement?.getAttribute('aria-label') ??
      document.activeElement?.textContent.trim() ?? ''`,
  );

/** Presses Tab until the focused element has this name. */
async function tabTo(page: Page, name: string, how = { shift: false }): Promise<void> {
  const seen: string[] = [];
  for (let nth = 0; nth < 60; nth++) {
    await page.press('Tab', how);
    seen.push(await focused(page));
    if (seen.at(-1) === name) return;
  }
  assert.fail(`no way to "${name}" by Tab; passed ${seen.join(' | ')}`);
}

describe('by keyboard alone', () => {
  test('sign in with the token, release a suspended account, and sign out', limit, async () => {
    await using at = await stage('hijack', '127.0.0.1', Date.now());
    const page = await browser.open();
    await page.goto(at.door.address);
    await page.until(`document.activeElement?.id === 'token'`);
    await page.type(testToken);
    await page.press('Enter');
    await page.until(live);
    await page.until(`document.querySelector('h1').textContent === '1 account suspended'`);
    assert.equal(await page.evaluate('location.href'), `${at.door.address}/`);
    assert.equal(await page.evaluate('document.title'), '1 account suspended · Postern');
    const card = await page.evaluate<string>(`document.querySelector('.card').innerText`);
    for (const text of ['joe.weber@example.org', 'recipients reached', 'normal here', '41']) {
      assert.ok(card.includes(text), `${text} in ${card}`);
    }

    await tabTo(page, 'Release…');
    await page.press('Enter');
    await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
    assert.equal(await page.evaluate('document.activeElement.name'), 'choice', 'the safe one');
    assert.equal(await page.evaluate('document.activeElement.checked'), true);
    await page.press('Enter');
    assert.ok(await page.evaluate(`document.querySelector('dialog.confirm[open]') !== null`));
    assert.deepEqual(at.calls, [], 'an accidental Enter releases no account');
    await page.press('Escape');
    await page.until(`document.querySelector('dialog') === null`);
    assert.equal(await focused(page), 'Release…', 'Escape gives the focus back');
    assert.deepEqual(at.calls, []);

    await page.press('Enter');
    await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
    await tabTo(page, ''); // the note, which has no text
    await page.type('password changed');
    await tabTo(page, 'Release, keep held mail');
    await page.press('Enter');
    await page.until(`document.querySelector('.card') === null`);
    assert.deepEqual(at.calls, [
      'release joe.weber@example.org by status page note keep held password changed',
    ]);
    await page.until(`document.activeElement?.className === 'notice'`);
    const notice = await page.evaluate<string>(`document.activeElement.innerText`);
    assert.match(notice, /Released joe\.weber@example\.org/);
    assert.match(notice, /postern accounts suspend joe\.weber@example\.org/, 'how to undo it');

    await tabTo(page, 'Sign out', { shift: true });
    await page.press('Enter');
    await page.until(`document.getElementById('token') !== null`);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  test('release as a false alarm', limit, () =>
    visit('hijack', async (page, at) => {
      await tabTo(page, 'Release…');
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
      await page.evaluate(`document.querySelectorAll('.choices input')[1].click()`);
      await page.until(`document.querySelector('.ways').innerText.includes('--false-alarm')`);
      await page.evaluate(`document.querySelector('.confirm [type=submit]').click()`);
      await page.until(`document.querySelector('.card') === null`);
      assert.deepEqual(at.calls, [
        'release joe.weber@example.org by status page note false alarm ',
      ]);
    }),
  );

  test('say that it was a hijack', limit, () =>
    visit('hijack', async (page, at) => {
      await tabTo(page, 'It was hijacked…');
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
      await page.until(`document.querySelector('dialog').innerText.includes('--hijacked')`);
      await page.evaluate(`document.querySelector('.confirm [type=submit]').click()`);
      await page.until(`document.querySelector('dialog.confirm') === null`);
      assert.deepEqual(at.calls, ['suspend joe.weber@example.org by status page note hijacked ']);
    }),
  );

  test('drop a held message, and look up an account', limit, () =>
    visit('hijack', async (page, at) => {
      await tabTo(page, 'Show held messages of local:www-data@mail.example.org');
      await page.press('Enter');
      await page.until(`document.querySelector('.held-row') !== null`);
      await tabTo(page, 'Drop 4bXn9K2pWzz9');
      await page.press('Space');
      await page.until(`document.querySelector('dialog.confirm[open]') !== null`);
      await tabTo(page, 'Drop permanently');
      await page.press('Enter');
      await page.until(`document.querySelector('#held').textContent.includes('3')`);
      assert.deepEqual(at.calls, ['dropped 4bXn9K2pWzz9 by status page']);
      await page.evaluate(`document.getElementById('lookup-field').focus()`);
      await page.type('press');
      await page.until(`document.querySelectorAll('[role=option]').length === 2`);
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('watched')`);
      await page.press('Escape');
      await page.until(`document.querySelector('dialog') === null`);
    }),
  );

  test('explain a message by its queue id', limit, () =>
    visit('hijack', async (page) => {
      await page.evaluate(`document.getElementById('lookup-field').focus()`);
      await page.type('4bXm2R7hQzz2');
      await page.until(`document.querySelector('[role=option]')?.innerText.includes('Message')`);
      await page.press('Enter');
      await page.until(`document.querySelector('dialog.sheet')?.innerText.includes('parcel')`);
    }),
  );
});

describe('what happens now', () => {
  test('the feed shows a message at once, stays short, and cannot inject', limit, () =>
    visit('quiet', async (page, at) => {
      const nasty = '<img src=x onerror=alert(1)>@example.org';
      at.push({
        account: nasty,
        verdict: 'refuse',
        why: '<b>bold</b> <script>alert(2)</script>',
      });
      await page.until(
        `document.querySelector('.feed-list li').innerText.includes(${JSON.stringify(nasty)})`,
      );
      assert.equal(
        await page.evaluate(`document.querySelectorAll('.feed-list :is(img, b)').length`),
        0,
      );
      for (let nth = 0; nth < 5_000; nth++) at.push({ account: `flood-${nth}@example.org` });
      await page.until(`document.querySelector('.feed-list li').innerText.includes('flood-4999@')`);
      const lines = `document.querySelectorAll('.feed-list li').length`;
      assert.equal(await page.evaluate(lines), 20);
      for (const before of [20, 40, 60]) {
        await page.evaluate(`document.querySelector('.feed .list-end button').click()`);
        await page.until(`${lines} > ${before}`);
      }
      assert.ok(await page.evaluate(`${lines} <= 80`));
      assert.ok(await page.evaluate(`document.querySelector('.skipped') !== null`));
    }),
  );

  test('a suspension elsewhere appears without a reload', limit, () =>
    visit('quiet', async (page, at) => {
      await page.until(`document.querySelector('h1').textContent === 'All well'`);
      await at.admin.suspend('office@example.org', 'guard', '');
      await page.until(`document.querySelector('h1').textContent === '1 account suspended'`);
      await page.until(`document.querySelector('.card h3').innerText === 'office@example.org'`);
    }),
  );

  test('the last 30 days say which web script sends spam', limit, () =>
    visit('hijack', async (page) => {
      await page.until(`document.querySelector('.ranking li') !== null`);
      const worst = `document.querySelector('.ranking li').textContent.replace(/\\s+/g, ' ')`;
      assert.match(
        await page.evaluate(worst),
        /kontakt\.php.*612 of 742 messages, mean score 8\.9 \(before: 0\.6\)/,
      );
      const rows = `document.querySelectorAll('[aria-labelledby=statistics] tbody tr').length`;
      assert.equal(await page.evaluate(rows), 30);
    }),
  );

  test('mail that writes as others: who, why it was not signed, how to allow it', limit, () =>
    visit('hijack', async (page) => {
      const list = `document.querySelector('[aria-labelledby=foreign]')`;
      await page.until(`${list} !== null`);
      const allow = 'postern accounts may-write-as office@example.org accounts@example.net';
      const shown = await page.evaluate<string>(`${list}.innerText`);
      assert.match(shown, /office@example\.org as accounts@example\.net: 3 messages/);
      assert.ok(shown.includes(allow), shown);
      await page.evaluate(`${list}.querySelector('.id').click()`);
      await page.until(`document.querySelector('dialog[open] h3') !== null`);
      const why = await page.evaluate<string>(`document.querySelector('dialog[open]').innerText`);
      assert.match(why, /Nothing on this server allows office@example\.org to write as accounts@/);
      assert.ok(why.includes(allow), why);
    }),
  );

  test('statistics that cannot be read: the page says so', limit, async () => {
    await using at = await stage('quiet', '127.0.0.1', Date.now());
    at.failStatistics('the numbers cannot be read now');
    const page = await browser.open();
    await page.goto(`${at.door.address}/?token=${testToken}`);
    const section = `document.querySelector('[aria-labelledby=statistics]')`;
    await page.until(`${section} !== null`);
    assert.match(
      await page.evaluate<string>(`${section}.innerText`),
      /The numbers cannot be read now\. The page asks again every minute\./,
    );
    await page.close();
  });

  test('a failing ledger is the first thing on the page', limit, () =>
    visit('hijack', async (page, at) => {
      at.fail('disk full');
      await page.until(
        `document.querySelector('h1').textContent.includes('cannot write to its ledger')`,
      );
      await page.until(`document.querySelector('.state').innerText.includes('Disk full')`);
    }),
  );
});

test('the content security policy forbids inline code and other servers', limit, async () => {
  await using at = await stage('quiet', '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(live);
  await page.evaluate(`{
    const script = document.createElement('script');
    script.textContent = 'window.broken = true';
    document.body.append(script);
    const style = document.createElement('style');
    style.textContent = 'body { display: none }';
    document.body.append(style);
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:9/spy.png';
    document.body.append(image);
  }`);
  await page.until(`document.querySelector('img[src*=spy]') !== null`);
  assert.equal(await page.evaluate(`window.broken === undefined`), true);
  assert.notEqual(await page.evaluate(`getComputedStyle(document.body).display`), 'none');
  for (const word of ['script', 'style', 'image']) {
    assert.ok(
      page.complaints.some((one) => /Content Security Policy/i.test(one) && one.includes(word)),
      `${word} among ${page.complaints.join('\n')}`,
    );
  }
  await page.close();
});

/** As the parts of the guard say it. */
const troubles = [
  'the milter door is full: 2000 connections, 1990 of them of uid 1001',
  'main.cf in /etc/postfix/an-instance-with-a-very-long-name asks inet:127.0.0.1:9900, where no ' +
    'door of this guard is; run: postern connect postfix',
];

describe('what is wrong with the guard', () => {
  test('is said at once, also with markup in it, and goes when it is over', limit, () =>
    visit('quiet', async (page, at) => {
      assert.equal(await page.evaluate(`document.querySelector('.troubles')`), null);
      at.trouble(...troubles, '<img src=x onerror=alert(1)>');
      await page.until(`document.querySelectorAll('.troubles li').length === 3`);
      const text = await page.evaluate<string>(`document.querySelector('[role=alert]').innerText`);
      for (const why of troubles) assert.ok(text.includes(why), text);
      assert.match(text, /<img src=x/);
      assert.match(text, /postern doctor/);
      assert.equal(
        await page.evaluate(`document.querySelector('h1').textContent`),
        '3 problems with Postern itself',
      );
      await page.until(`document.title === '3 problems with Postern itself · Postern'`);
      at.trouble();
      await page.until(`document.querySelector('.troubles') === null`);
    }),
  );

  test('leaves suspended accounts the first line of the page', limit, () =>
    visit('hijack', async (page, at) => {
      at.trouble(...troubles);
      await page.until(`document.querySelectorAll('.troubles li').length === 2`);
      assert.equal(
        await page.evaluate(`document.querySelector('h1').textContent`),
        '1 account suspended',
      );
    }),
  );
});

describe('looks', () => {
  const scenes: readonly (readonly [Scene, string])[] = [
    ['empty', ''],
    ['quiet', 'troubles'],
    ['quiet', ''],
    ['observe', ''],
    ['hijack', ''],
    ['hijack', '.card .primary'],
    ['hijack', '.card .name'],
    ['hijack', '[aria-labelledby=foreign] .id'],
  ];
  for (const [scene, click] of scenes) {
    test(`${scene} ${click}: legible, labelled, and without sideways scrolling`, limit, () =>
      visit(scene, async (page, at) => {
        if (scene !== 'empty') await page.until(`document.querySelector('#statistics') !== null`);
        if (click === 'troubles') {
          at.trouble(...troubles);
          await page.until(`document.querySelector('.troubles') !== null`);
        } else if (click !== '') {
          await page.evaluate(`document.querySelector(${JSON.stringify(click)}).click()`);
          await page.until(`document.querySelector('dialog[open] p') !== null`);
          await page.until(`!document.body.innerText.includes('Loading')`);
        }
        for (const scheme of ['light', 'dark'] as const) {
          await page.scheme(scheme);
          assert.deepEqual(await page.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
          assert.deepEqual(await axeFaults(page), [], `${scheme}: axe`);
        }
        assert.deepEqual(await page.evaluate(namelessControls), []);
        await page.evaluate(`document.querySelectorAll('details').forEach((e) => (e.open = true))`);
        for (const width of [360, 768, 1280]) {
          await page.size(width, 800, { phone: width === 360 });
          assert.deepEqual(await page.evaluate(tooWide), [], `${width} px`);
          assert.deepEqual(await page.evaluate(clippedText), [], `${width} px`);
        }
      }),
    );
  }

  test('dark is dark, and the chart follows', limit, () =>
    visit('hijack', async (page) => {
      await page.until(`document.querySelectorAll('canvas').length === 6`);
      const ground = `getComputedStyle(document.documentElement).backgroundColor`;
      await page.scheme('light');
      assert.equal(await page.evaluate(ground), 'rgb(233, 237, 238)');
      const before = await page.evaluate<string>(`document.querySelector('canvas').toDataURL()`);
      await page.scheme('dark');
      assert.equal(await page.evaluate(ground), 'rgb(15, 21, 23)');
      await page.until(
        `document.querySelector('canvas').toDataURL() !== ${JSON.stringify(before)}`,
      );
      await page.size(360, 800, phone);
      assert.equal(await page.evaluate(`document.querySelectorAll('canvas').length`), 6);
    }),
  );
});
