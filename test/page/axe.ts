/** Looks for faults that make a page hard to use with a screen reader, by axe-core's rules. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from './chromium.ts';

const source = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const run = `axe.run(document).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`;

/** The rule and the element of each fault. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${source}; true`);
  return page.evaluate(run);
}
