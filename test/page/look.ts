/**
 * Makes screenshots of every part of the status page, with a made-up night, for a person to look
 * at: `scripts/node.sh test/page/look.ts DIR [START-OF-A-NAME]`.
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
const findJoe = '/find?q=joe.weber@example.org';
const heldOfJoe = '/held/joe.weber%40example.org';
const watchedName = '.watched .name';
const few = ['domain:example.org', 'account:joe.weber@example.net', '5%'];
const many = Array.from({ length: 400 }, (_, nth) => `domain:customer-${nth}.example`);
const tabs = (count: number): readonly string[] => Array<string>(count).fill('Tab');
const shots: readonly {
  readonly name: string;
  readonly scene: Scene;
  readonly scheme: 'light' | 'dark';
  readonly size: typeof desktop;
  readonly click?: string;
  /** Keys that are pressed before. */
  readonly keys?: readonly string[];
  /** Typed into the search field before. */
  readonly search?: string;
  /** Address of a view. */
  readonly path?: string;
  readonly isFailing?: true;
  readonly isTroubled?: true;
  readonly isBraked?: true;
  /** Whose mail Postern acts on in mode observe. */
  readonly enforce?: readonly string[];
  /** Long lists. */
  readonly isCrowded?: true;
  /** Postern has stopped. */
  readonly isAway?: true;
  /** False: only what the window shows, not the whole page. */
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
  { name: 'held', scene: 'hijack', scheme: 'light', size: desktop, path: heldOfJoe },
  { name: 'held-phone', scene: 'hijack', scheme: 'dark', size: phone, path: heldOfJoe },
  {
    name: 'story',
    scene: 'hijack',
    scheme: 'light',
    size: desktop,
    path: heldOfJoe,
    click: '.held-row .name',
  },
  { name: 'confirm-phone', scene: 'hijack', scheme: 'dark', size: phone, click: '.card .primary' },
  { name: 'suspend', scene: 'hijack', scheme: 'dark', size: desktop, click: '.watched > button' },
  {
    name: 'drop',
    scene: 'hijack',
    scheme: 'light',
    size: phone,
    path: heldOfJoe,
    click: '.held-row [aria-label^=Drop]',
  },
  { name: 'failing', scene: 'hijack', scheme: 'light', size: phone, isFailing: true, whole: false },
  { name: 'troubled', scene: 'quiet', scheme: 'light', size: desktop, isTroubled: true },
  { name: 'troubled-phone', scene: 'hijack', scheme: 'dark', size: phone, isTroubled: true },
  { name: 'search', scene: 'hijack', scheme: 'light', size: desktop, search: '4bXm2R7hQzz2' },
  { name: 'not-found', scene: 'hijack', scheme: 'dark', size: phone, search: 'nobody' },
  { name: 'find', scene: 'hijack', scheme: 'light', size: desktop, path: findJoe },
  { name: 'find-phone', scene: 'hijack', scheme: 'dark', size: phone, path: findJoe },
  {
    name: 'fate',
    scene: 'quiet',
    scheme: 'light',
    size: desktop,
    path: '/find?q=bridge',
    click: '.mail .subject',
  },
  ...(
    ['/checklist', '/providers', '/providers/google', '/incidents', '/incidents/i-1'] as const
  ).flatMap((path) => {
    const name = path.slice(1).replace('/', '-');
    const shot = { name, scene: 'hijack', scheme: 'light', size: desktop, path } as const;
    return [
      shot,
      { ...shot, name: `${name}-dark`, scheme: 'dark' } as const,
      { ...shot, name: `${name}-phone`, size: phone } as const,
    ];
  }),
  { name: 'no-incident', scene: 'quiet', scheme: 'dark', size: phone, path: '/incidents/i-9' },
  { name: 'no-providers', scene: 'quiet', scheme: 'light', size: desktop, path: '/providers' },
  { name: 'crowded', scene: 'hijack', scheme: 'light', size: desktop, isCrowded: true },
  { name: 'crowded-phone', scene: 'hijack', scheme: 'dark', size: phone, isCrowded: true },
  { name: 'away', scene: 'hijack', scheme: 'light', size: desktop, isAway: true },
  { name: 'away-phone', scene: 'hijack', scheme: 'dark', size: phone, isAway: true },
  { name: 'observe-phone', scene: 'observe', scheme: 'light', size: phone },
  { name: 'part', scene: 'quiet', scheme: 'light', size: desktop, enforce: few },
  { name: 'part-many', scene: 'observe', scheme: 'dark', size: phone, enforce: many, whole: false },
  {
    name: 'part-stopped',
    scene: 'hijack',
    scheme: 'light',
    size: phone,
    enforce: few,
    whole: false,
  },
  { name: 'brake', scene: 'hijack', scheme: 'light', size: desktop, isBraked: true },
  {
    name: 'brake-phone',
    scene: 'quiet',
    scheme: 'dark',
    size: phone,
    isBraked: true,
    whole: false,
  },
  { name: 'bound', scene: 'hijack', scheme: 'light', size: desktop, click: watchedName },
  { name: 'bound-phone', scene: 'hijack', scheme: 'dark', size: phone, click: watchedName },
  { name: 'focus-button', scene: 'hijack', scheme: 'light', size: desktop, keys: tabs(3) },
  { name: 'focus-row', scene: 'hijack', scheme: 'dark', size: desktop, keys: tabs(12) },
];

await mkdir(folder, { recursive: true });
await using browser = await openChromium();
const page = await browser.open();
{
  await using at = await stage('quiet', '127.0.0.1', Date.now());
  await page.size(phone.width, phone.height, phone);
  await page.goto(`${at.door.address}/?token=wrong`);
  await page.until(`document.querySelector('.fault')?.innerText.includes('wrong')`);
  await writeFile(join(folder, 'sign-in.png'), await page.screenshot());
}
const only = process.argv[3];
for (const shot of shots) {
  if (only !== undefined && !shot.name.startsWith(only)) continue;
  await using at = await stage(shot.scene, '127.0.0.1', Date.now());
  if (shot.isCrowded) at.crowd();
  if (shot.enforce !== undefined) at.enforce(...shot.enforce);
  await page.size(shot.size.width, shot.size.height, shot.size);
  await page.scheme(shot.scheme);
  await page.goto(`${at.door.address}/?token=${testToken}`);
  await page.until(`location.search === '' && document.querySelector('.state') !== null`);
  await page.until(`document.querySelector('.link.live') !== null`);
  if (shot.scene !== 'empty') await page.until(`document.querySelector('#statistics') !== null`);
  if (shot.isFailing) {
    at.fail('disk full');
    await page.until(`document.querySelector('h1').innerText.includes('ledger')`);
  }
  if (shot.isTroubled) {
    at.trouble(
      'the milter door is full: 2000 connections, 1990 of them of uid 1001',
      'main.cf in /etc/postfix asks inet:127.0.0.1:9900, where no door of this guard is; run: ' +
        'postern connect postfix',
    );
    await page.until(`document.querySelector('.troubles') !== null`);
  }
  if (shot.isBraked) {
    await at.admin.brake.set({ on: true }, 'root', '');
    at.trouble(`${at.admin.brake.view().text.replace(/\.$/, '')} (postern brake)`);
    await page.until(`document.querySelector('.troubles') !== null`);
  }
  if (shot.isAway) {
    await at.door.close();
    await page.until(`document.querySelector('.as-of') !== null`);
  }
  for (const key of shot.keys ?? []) await page.press(key);
  if (shot.search !== undefined) {
    await page.evaluate(`document.getElementById('lookup-field').focus()`);
    await page.type(shot.search);
    await page.until(`document.querySelector('[role=option]') !== null`);
  }
  if (shot.path !== undefined) {
    await page.goto(`${at.door.address}${shot.path}`);
    await page.until(`document.querySelector('.link.live') !== null`);
    await page.until(`document.querySelector('main .rows, main .empty') !== null`);
    await page.until(`!/Loading|Searching/.test(document.querySelector('main').innerText)`);
  }
  if (shot.click !== undefined) {
    await page.evaluate(`document.querySelector(${JSON.stringify(shot.click)}).click()`);
    await page.until(`document.querySelector('dialog[open] button') !== null`);
    await page.until(`!document.body.innerText.includes('Loading')`);
  }
  const isWindow = shot.click ?? shot.keys ?? shot.search;
  const whole = isWindow === undefined && shot.whole !== false;
  await writeFile(join(folder, `${shot.name}.png`), await page.screenshot({ whole }));
}
process.stdout.write(`${page.complaints.map((one) => `${one}\n`).join('')}in ${folder}\n`);
