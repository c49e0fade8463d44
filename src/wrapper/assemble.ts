/**
 * Makes one plain script from postern-sendmail and the files that it imports, so Node starts it
 * without loading other files or stripping types. Imports of Node's modules become require();
 * imported files are placed before, in order.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import type { WrapperPaths } from './sendmail.ts';

const entry = join(import.meta.dirname, 'sendmail.ts');
const packaging = join(import.meta.dirname, '../../packaging');

export function assembleSendmail(place: WrapperPaths): string {
  const parts: string[] = [];
  const required = new Map<string, Set<string>>();
  gather(entry, new Set(), parts, required);
  const head = [...required].map(
    ([name, names]) => `const { ${[...names].join(', ')} } = require('${name}');\n`,
  );
  return [
    "'use strict';\n",
    '// postern-sendmail: made by `postern connect sendmail`; see src/wrapper/ of Postern.\n',
    ...head,
    ...parts,
    `runSendmail(${JSON.stringify(place)}, process.argv.slice(2));\n`,
  ].join('');
}

function gather(
  file: string,
  seen: Set<string>,
  parts: string[],
  required: Map<string, Set<string>>,
): void {
  if (seen.has(file)) return;
  seen.add(file);
  // Types are stripped first, which removes imports of types only.
  const plain = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  const code = plain.replace(
    /^import\s*\{([^}]*)\}\s*from\s*'([^']+)';$/gm,
    (_, names: string, from: string) => {
      if (from.startsWith('.')) gather(join(dirname(file), from), seen, parts, required);
      else {
        const known = required.get(from) ?? new Set<string>();
        required.set(from, known);
        for (const name of names.split(',')) {
          if (name.trim() !== '') known.add(name.trim().replace(' as ', ': '));
        }
      }
      return '';
    },
  );
  const bare = code.replace(/^export (?=const|function|class)/gm, '');
  parts.push(bare.replace(/[ \t]+$/gm, '').replace(/\n{2,}/g, '\n'));
}

export type LauncherPaths = {
  readonly node: string;
  /** What assembleSendmail made. */
  readonly script: string;
  /** What sendmailStarter made. */
  readonly starter: string;
  /** The mail server's own sendmail. */
  readonly real: string;
};

/** The shell script for /usr/sbin/sendmail, with its paths filled in. */
export function sendmailLauncher({ node, script, starter, real }: LauncherPaths): string {
  const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
  return readFileSync(join(packaging, 'postern-sendmail'), 'utf8')
    .replace('@NODE@', () => quoted(node))
    .replace('@SCRIPT@', () => quoted(script))
    .replace('@STARTER@', () => quoted(starter))
    .replace('@REAL@', () => quoted(real));
}

/** The Perl program that starts Node, or takes the message where Node does not start. */
export function sendmailStarter(
  place: WrapperPaths,
  paths: Omit<LauncherPaths, 'starter'>,
): string {
  const quoted = (path: string): string => `'${path.replace(/[\\']/g, '\\$&')}'`;
  return readFileSync(join(packaging, 'postern-sendmail-start'), 'utf8')
    .replace('@NODE@', () => quoted(paths.node))
    .replace('@SCRIPT@', () => quoted(paths.script))
    .replace('@SPOOL@', () => quoted(place.spool))
    .replace('@REAL@', () => quoted(paths.real))
    .replace('@BYTES@', String(place.messageBytesMax));
}
