/**
 * The status page in a real Chromium when Postern stops, in mode observe, on paper, and with
 * colours that the system chooses: it never shows what is not so.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Stage, stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { axeFaults } from './axe.ts';
import { type Browser, openChromium, type Page } from './chromium.ts';
import { clippedText, faintText, tooWide } from './looks.ts';

const limit = { timeout: 300_000 };

let browser: Browser;
before(async () => {
  browser = await openChromium();
}, limit);
after(() => browser[Symbol.asyncDispose]());

async function visit(scene: Scene, look: (page: Page, at: Stage) => Promise<void>): Promise<Page> {
  await using at = await stage(scene, '127.0.0.1', Date.now());
  const page = await browser.open();
  await page.size(1280, 900);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`document.querySelector('.link.live') !== null`);
  await page.until(`document.querySelector('#statistics') !== null`);
  await look(page, at);
  return page;
}

const all = (page: Page): Promise<string> => page.evaluate<string>('document.body.innerText');

test(
  'Postern stops: the page says so over old figures, and nothing can be pressed',
  limit,
  async () => {
    const page = await visit('hijack', async (opened, at) => {
      await at.door.close();
      await opened.until(`document.querySelector('h1').innerText === 'Postern does not answer'`);
      await opened.until(`/^No answer since \\d\\d:\\d\\d · Postern$/.test(document.title)`);
      assert.equal(await opened.evaluate(`document.querySelector('.chip').innerText`), 'Not known');
      const text = await all(opened);
      assert.match(text, /As of \d\d:\d\d/);
      assert.match(text, /systemctl start postern/);
      assert.match(text, /connects again automatically/);
      assert.doesNotMatch(text, /fetch|network ?error/i, 'no words of the browser');

      const release = `document.querySelector('.card .primary')`;
      assert.equal(await opened.evaluate(`${release}.ariaDisabled`), 'true');
      const reason = `${release}.ariaDescribedByElements[0].innerText`;
      assert.match(await opened.evaluate<string>(reason), /nothing can be changed here now/);
      await opened.evaluate(`${release}.click()`);
      assert.equal(await opened.evaluate(`document.querySelector('dialog')`), null);
      for (const scheme of ['light', 'dark'] as const) {
        await opened.scheme(scheme);
        assert.deepEqual(await opened.evaluate(faintText), [], `${scheme}: contrast under 4.5`);
        assert.deepEqual(await axeFaults(opened), [], `${scheme}: axe`);
      }
      await opened.size(360, 740, { phone: true });
      assert.deepEqual(await opened.evaluate(tooWide), []);
      assert.deepEqual(await opened.evaluate(clippedText), []);
    });
    assert.ok(
      page.complaints.every((one) => one.includes('ERR_')),
      page.complaints.join('\n'),
    );
    await page.close();
  },
);

test('what is searched or opened meanwhile says it in our words', limit, async () => {
  const page = await visit('hijack', async (opened, at) => {
    await at.door.close();
    await opened.until(`document.querySelector('.as-of') !== null`);
    await opened.evaluate(`document.getElementById('lookup-field').focus()`);
    await opened.type('joe');
    await opened.until(
      `document.querySelector('.suggestions').innerText.includes('Postern does not answer')`,
    );
    await opened.press('Escape');
    await opened.evaluate(`document.querySelector('.card .name').click()`);
    await opened.until(
      `document.querySelector('dialog.sheet')?.innerText.includes('Postern does not answer')`,
    );
  });
  await page.close();
});

test('a dialog that is open when Postern stops cannot be sent', limit, async () => {
  const page = await visit('hijack', async (opened, at) => {
    await opened.evaluate(`document.querySelector('.card .primary').click()`);
    await opened.until(`document.querySelector('dialog.confirm[open]') !== null`);
    await at.door.close();
    await opened.until(`document.querySelector('.confirm [type=submit]').disabled`);
    const said = await opened.evaluate<string>(`document.querySelector('.confirm').innerText`);
    assert.match(said, /Postern does not answer, so nothing can be changed here now\./);
    assert.deepEqual(at.calls, []);
  });
  await page.close();
});

test('an older request that ends after a newer one changes nothing', limit, async () => {
  const page = await visit('hijack', async (opened) => {
    // The first request from now on waits; it fails when a later one has been answered.
    await opened.evaluate(`(() => {
      const real = window.fetch;
      window.late = undefined;
      window.answered = 0;
      window.wasAway = false;
      window.fetch = async (path, how) => {
        if (path !== '/api/overview') return real(path, how);
        if (window.late === undefined) {
          return new Promise((_, fail) => { window.late = fail; });
        }
        const answer = await real(path, how);
        const text = await answer.clone().text();
        setTimeout(() => { window.answered++; });
        return new Response(text, { status: answer.status });
      };
      new MutationObserver(() => {
        window.wasAway ||= document.querySelector('.as-of') !== null;
      }).observe(document.body, { childList: true, subtree: true });
      dispatchEvent(new Event('online'));
      dispatchEvent(new Event('online'));
    })()`);
    await opened.until('window.answered > 0');
    await opened.evaluate(`window.late(new TypeError('no network'))`);
    const before = await opened.evaluate<number>('window.answered');
    await opened.evaluate(`setTimeout(() => dispatchEvent(new Event('online')), 200)`);
    await opened.until(`window.answered > ${before}`);
    assert.equal(await opened.evaluate('window.wasAway'), false);
  });
  await page.close();
});

test('the connection comes back: the page is as before, without a click', limit, async () => {
  const page = await visit('hijack', async (opened) => {
    await opened.offline(true);
    await opened.until(`document.querySelector('h1').innerText === 'Postern does not answer'`);
    await opened.offline(false);
    await opened.until(`document.querySelector('h1').innerText === '1 account suspended'`);
    await opened.until(`document.querySelector('.chip').innerText === 'Guarding'`);
    await opened.until(`document.title === '1 account suspended · Postern'`);
    assert.equal(await opened.evaluate(`document.querySelector('.as-of')`), null);
    assert.equal(
      await opened.evaluate(`document.querySelector('.card .primary').ariaDisabled`),
      null,
    );
  });
  await page.close();
});

test(
  'mode observe: everything that was not done is said as what would have been',
  limit,
  async () => {
    const page = await visit('observe', async (opened) => {
      const title = '1 account would have been suspended';
      assert.equal(await opened.evaluate(`document.querySelector('h1').innerText`), title);
      assert.equal(await opened.evaluate('document.title'), `${title} · Postern`);
      assert.equal(
        await opened.evaluate(`document.querySelector('.chip').innerText`),
        'Observing only',
      );
      const state = await opened.evaluate<string>(`document.querySelector('.state').innerText`);
      assert.match(state, /Nothing was stopped: Postern only observes\./);
      assert.match(state, /Mode guard would have stopped 5 messages of 1 account/);
      assert.match(state, /postern mode guard/);
      const card = await opened.evaluate<string>(`document.querySelector('.card').innerText`);
      assert.match(card, /Would have been suspended 4 min ago/);
      assert.match(card, /would have been stopped\s+5\s+messages; all of them passed/);
      assert.match(card, /login\s+Open/);
      const page = await opened.evaluate<string>(`document.querySelector("main").innerText`);
      assert.doesNotMatch(page, /\b\d+ (?:messages? )?(?:stopped|held|refused)\b/);
      assert.match(page, /would have been held/);
      await opened.evaluate(`document.querySelector('.card .name').click()`);
      await opened.until(`document.querySelector('dialog.sheet h3') !== null`);
      const sheet = await opened.evaluate<string>(
        `document.querySelector('dialog.sheet').innerText`,
      );
      assert.match(sheet, /would have been suspended/);
      assert.doesNotMatch(sheet, /\d+ messages? stopped/);
    });
    assert.deepEqual(page.complaints, []);
    await page.close();
  },
);

test('on paper: a date, no buttons, and all of the text', limit, async () => {
  const page = await visit('hijack', async (opened) => {
    assert.equal(
      await opened.evaluate(`document.querySelector('.printed').checkVisibility()`),
      false,
    );
    await opened.medium('print');
    const seen = await all(opened);
    assert.match(seen, /As of \d+ \w+ \d{4}, \d\d:\d\d, mail\.example\.org/);
    assert.doesNotMatch(seen, /Release…|Suspend…|Sign out|Filter/);
    assert.match(seen, /joe\.weber@example\.org/);
    assert.equal(await opened.evaluate(`document.querySelector('nav').checkVisibility()`), false);
  });
  await page.close();
});

test('with colours of the system every scale and mark still has a shape', limit, async () => {
  const page = await visit('hijack', async (opened) => {
    await opened.medium('forced-colors');
    const faint = await opened.evaluate<
      readonly string[]
    >(`['.gauge-fill', '.weight-bar'].filter((name) => {
      const style = getComputedStyle(document.querySelector(name));
      return style.backgroundColor === getComputedStyle(document.body).backgroundColor;
    })`);
    assert.deepEqual(faint, []);
    assert.deepEqual(await axeFaults(opened), []);
  });
  await page.close();
});

test('incidents of mode observe say what would have been stopped', limit, async () => {
  const page = await visit('observe', async (opened, at) => {
    const main = `document.querySelector('main').innerText`;
    for (const path of ['/incidents', '/incidents/i-1']) {
      await opened.goto(`${at.door.address}${path}`);
      await opened.until(`${main}.includes('5 messages would have been stopped')`);
      assert.doesNotMatch(await opened.evaluate<string>(main), /\d stopped/);
    }
  });
  assert.deepEqual(page.complaints, []);
  await page.close();
});
