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

/** The shell script for /usr/sbin/sendmail, with its paths filled in. */
export function sendmailLauncher(of: {
  readonly node: string;
  readonly script: string;
  readonly spooler: string;
  readonly real: string;
}): string {
  const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
  return readFileSync(join(packaging, 'postern-sendmail'), 'utf8')
    .replace('@NODE@', () => quoted(of.node))
    .replace('@SCRIPT@', () => quoted(of.script))
    .replace('@SPOOLER@', () => quoted(of.spooler))
    .replace('@REAL@', () => quoted(of.real));
}

/** The Perl program for callers under whose limits Node does not start. */
export function sendmailSpooler(place: WrapperPaths): string {
  const quoted = (path: string): string => `'${path.replace(/[\\']/g, '\\$&')}'`;
  return readFileSync(join(packaging, 'postern-sendmail-spool'), 'utf8')
    .replace('@SPOOL@', () => quoted(place.spool))
    .replace('@REAL@', () => quoted(place.real))
    .replace('@BYTES@', String(place.messageBytesMax));
}
