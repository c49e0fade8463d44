/**
 * Sets and restores authorized_submit_users in main.cf, the users who may submit mail through
 * sendmail(1) and postdrop(1). All other bytes stay as they were; an earlier setting is kept as a
 * comment. Pure.
 */
import { appendLines, parseMainCf } from './main-cf.ts';

const name = 'authorized_submit_users';
const heading = '# Postern hands in the mail of programs. To undo: postern connect sendmail --undo';
const kept = '#postern# ';

export function withAuthorizedUsers(text: string, users: readonly string[]): string {
  const clean = withoutAuthorizedUsers(text);
  const { source, parameters } = parseMainCf(clean);
  const lines = [...source.lines];
  for (const { first, last } of parameters.filter((one) => one.name === name)) {
    for (let at = first; at <= last; at++) lines[at] = `${kept}${lines[at]}`;
  }
  return appendLines(lines.join(''), ['', heading, `${name} = ${users.join(', ')}`]);
}

export function withoutAuthorizedUsers(text: string): string {
  const lines = text.split('\n');
  const at = lines.indexOf(heading);
  if (at >= 0 && lines[at + 1]?.startsWith(`${name} =`)) {
    const from = lines[at - 1] === '' ? at - 1 : at;
    lines.splice(from, at + 2 - from);
  }
  return lines.map((line) => (line.startsWith(kept) ? line.slice(kept.length) : line)).join('\n');
}
