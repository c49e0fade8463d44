/** A line of the guard's log for a person at a terminal; everywhere else it is JSON. Pure. */

import { plain } from './format.ts';
import { clock, paint } from './table.ts';

const colours = { error: 'red', warn: 'yellow', info: 'dim', debug: 'dim' } as const;
const eventWidth = 22;
const valueMax = 200;

/** `2026-11-29 15:04:05Z  warn   maillog.trouble        log=/var/log/mail.log why=missing` */
export function logText(
  at: number,
  level: string,
  { event, fields }: { readonly event: string; readonly fields: Readonly<Record<string, unknown>> },
): string {
  const colour = Object.hasOwn(colours, level) ? colours[level as keyof typeof colours] : 'dim';
  const said = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${valueText(value)}`)
    .join(' ');
  const name = event.padEnd(eventWidth);
  return `${clock(at)}  ${paint(colour, level.padEnd(5))}  ${name}  ${said}`.trimEnd();
}

/** Without control characters: a stranger's text must not move the cursor. */
function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const short = plain(text.length > valueMax ? `${text.slice(0, valueMax)}…` : text);
  return typeof value === 'string' && /[\s"]/.test(short) ? JSON.stringify(short) : short;
}
