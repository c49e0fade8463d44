/**
 * Screenshots of the status page with a made-up night on it, to be looked at: `scripts/node.sh
 * test/page/look.ts DIR`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stage, testToken } from '../doubles/client.ts';
import type { Scene } from '../doubles/night.ts';
import { openChromium } from './chromium.ts';

const folder = process.argv[2] ?? 'screenshots';
const desktop = { width: 1280, height: 900, phone: false };
const picture = { width: 1280, height: 880, phone: false };
const phone = { width: 360, height: 740, phone: true };
const shots: readonly {
  readonly name: string;
  readonly scene: Scene;
  readonly scheme: 'light' | 'dark';
  readonly size: typeof desktop;
  readonly click?: string;
  /** What is under the window's edge too, where nothing is clicked. */
  readonly whole?: false;
}[] = [
  // docs/status-page.png
  { name: 'status-page', scene: 'hijack', scheme: 'light', size: picture, whole: false },
  { name: 'light', scene: 'hijack', scheme: 'light', size: desktop },
  { name: 'dark', scene: 'hijack', scheme: 'dark', size: desktop },
  { name: 'phone', scene: 'hijack', scheme: 'light', size: phone },
  { name: 'phone-dark', scene: 'hijack', scheme: 'dark', size: phone },
  { name: 'empty', scene: 'empty', scheme: 'light', size: desktop },
  { name: 'quiet', scene: 'quiet', scheme: 'light', size: desktop },
  { name: 'observe', scene: 'observe', scheme: 'dark', size: desktop },
  { name: 'confirm', scene: 'hijack', scheme: 'light', size: desktop, click: '.card .primary' },
  { name: 'sheet', scene: 'hijack', scheme: 'light', size: desktop, click: '.card .name' },
  { name: 'sheet-phone', scene: 'hijack', scheme: 'dark', size: phone, click: '.card .name' },
  { name: 'story', scene: 'hijack', scheme: 'light', size: desktop, click: '.held .id' },
];

await mkdir(folder, { recursive: true });
await using browser = await openChromium();
const page = await browser.open();
for (const shot of shots) {
  await using at = await stage(shot.scene, '127.0.0.1', Date.now());
  await page.size(shot.size.width, shot.size.height, shot.size);
  await page.scheme(shot.scheme);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`location.search === '' && document.querySelector('.state') !== null`);
  await page.until(`document.querySelector('.link.live') !== null`);
  if (shot.click !== undefined) {
    await page.evaluate(`document.querySelector(${JSON.stringify(shot.click)}).click()`);
    await page.until(`document.querySelector('dialog[open] button') !== null`);
    await page.until(`!document.body.innerText.includes('Looking it up')`);
  }
  const whole = shot.click === undefined && shot.whole !== false;
  await writeFile(join(folder, `${shot.name}.png`), await page.screenshot({ whole }));
}
process.stdout.write(`${page.complaints.map((one) => `${one}\n`).join('')}in ${folder}\n`);
