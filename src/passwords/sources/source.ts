/**
 * Parses a source, `KIND[,scheme=…][,domain=…]:PATH`, of --source or the configuration, and reads
 * its rows.
 */
import { rmSync } from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import {
  htpasswdRows,
  listRows,
  passwdFileRows,
  type ReadOptions,
  shadowRows,
  vpopmailRows,
} from './files.ts';
import { ldapRows } from './ldap.ts';
import { ldifRows } from './ldif.ts';
import type { SourceRow } from './row.ts';
import { sqlRows } from './sql.ts';

const files = ['shadow', 'passwd-file', 'htpasswd', 'vpopmail', 'ldif', 'list'] as const;
const asked = ['sql', 'ldap'] as const;
export type SourceKind = (typeof files)[number] | (typeof asked)[number];
const kinds: readonly SourceKind[] = [...files, ...asked];

export type Source = {
  /** The text of the source, under which it is stored and shown. */
  readonly spec: string;
  readonly kind: SourceKind;
  readonly path: string;
  readonly how: ReadOptions;
};

export function parseSource(spec: string): Source {
  const [, name = '', options = '', path = ''] =
    /^([\w-]+)((?:,\w+=[^:,]+)*):(.+)$/.exec(spec) ?? [];
  const kind = kinds.find((one) => one === name);
  if (kind === undefined) {
    throw new OperatorError('usage', `${spec} is not a source`, {
      hint: `a source is KIND:PATH, with KIND one of ${kinds.join(', ')}`,
      exit: sysexits.usage,
    });
  }
  const how = Object.fromEntries(
    options
      .split(',')
      .filter((option) => option !== '')
      .map((option) => option.split('=') as [string, string]),
  );
  return { spec, kind, path, how };
}

/** Throws OperatorError `source-unread` or `source-unfit`, perhaps only at the first row. */
export async function rowsOf(
  { kind, path, how }: Source,
  { folder, signal }: { readonly folder: PrivateFolder; readonly signal: AbortSignal },
): Promise<Iterable<SourceRow>> {
  switch (kind) {
    case 'shadow':
      return shadowRows(path, how);
    case 'passwd-file':
      return passwdFileRows(path, how);
    case 'htpasswd':
      return htpasswdRows(path, how);
    case 'vpopmail':
      return vpopmailRows(path);
    case 'ldif':
      return ldifRows(path, how);
    case 'list':
      return listRows(path, how);
    case 'ldap':
      return await cleared(ldapRows(path, { folder, signal, ...how }), folder);
    default:
      return await cleared(sqlRows(path, { folder, signal, ...how }), folder);
  }
}

/**
 * Files that a question leaves in the private folder. The answer may contain clear passwords,
 * others the password of a database.
 */
const leftBehind = [
  ...['answer', 'script', 'each', 'complaint', 'filter', 'mysql.cnf', 'ldap-password'],
] as const;

/** Removes those files after the last row, or when reading fails. */
async function cleared(
  asked: Promise<Iterable<SourceRow>>,
  folder: PrivateFolder,
): Promise<Iterable<SourceRow>> {
  try {
    return untilRead(await asked, folder);
  } catch (error) {
    clear(folder);
    throw error;
  }
}

function* untilRead(rows: Iterable<SourceRow>, folder: PrivateFolder): Generator<SourceRow> {
  try {
    yield* rows;
  } finally {
    clear(folder);
  }
}

function clear(folder: PrivateFolder): void {
  for (const name of leftBehind) rmSync(folder.file(name), { force: true });
}
