/** Reads the configuration of another signer from the disk, for `postern dkim import`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { opendkimSetup } from '../../formats/filters/opendkim-signer.ts';
import { rspamdFolderSetup, rspamdSetup } from '../../formats/filters/rspamd-signer.ts';
import type { SetupFiles, SignerSetup } from '../../formats/filters/signer-setup.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { isPublicSuffix, organisationOf } from '../../partners/dns/public-suffix.ts';

/** The largest file that is read; a wrong path may name something large. */
const octetsMax = 16 * 1024 * 1024;

export function opendkimSource(path: string): SignerSetup {
  return opendkimSetup(readText(path), openFiles());
}

/** A configuration file, or a folder of key files. */
export function rspamdSource(path: string): SignerSetup {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) return rspamdFolderSetup(path, openFiles());
  return rspamdSetup({ path, text: readText(path) }, openFiles(), registeredDomain);
}

/** As rspamd has it: below a suffix that is on no list, each name is a domain of its own. */
function registeredDomain(domain: string): string {
  const registered = organisationOf(domain) ?? domain;
  const suffix = registered.slice(registered.indexOf('.') + 1);
  return isPublicSuffix(suffix) ? registered : domain;
}

/** One key file, for each of these domains. */
export function fileSource(
  path: string,
  { domains, selector }: { readonly domains: readonly string[]; readonly selector: string },
): SignerSetup {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new OperatorError('no-input', `there is no file ${path}`, { exit: sysexits.noInput });
  }
  const key = { kind: 'file', path } as const;
  const named = new Set(domains);
  return {
    signaturesOf: ({ host }) => (named.has(host) ? [{ domain: host, selector, key }] : []),
    froms: domains.map((host) => ({ host, user: undefined })),
    allowed: [],
    notes: [],
    gaps: [],
  };
}

/**
 * A set-up asks for the same folders again and again: each is listed once. What is there and cannot
 * be read is an error, so that no key or domain is left out in silence.
 */
export function openFiles(): SetupFiles {
  const listed = new Map<string, readonly string[] | undefined>();
  return {
    text: (path) => (isThere(path) ? readText(path) : undefined),
    names(folder) {
      if (!listed.has(folder)) listed.set(folder, namesIn(folder));
      return listed.get(folder);
    },
  };
}

function namesIn(folder: string): readonly string[] | undefined {
  if (!isThere(folder)) return undefined;
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if (codeOf(cause) === 'ENOTDIR') return undefined;
    throw unreadable(folder, cause);
  }
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    // A name with a NUL, or one that is too long, names nothing.
    if (codeOf(cause) !== 'EACCES') return false;
    throw unreadable(path, cause);
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

function readText(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new RangeError('it is not a file');
    if (stats.size > octetsMax) throw new RangeError(`it has ${stats.size} octets`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): OperatorError {
  return new OperatorError('no-input', `cannot read ${path}`, {
    cause,
    hint: 'give the path of the configuration, or run this as root',
    exit: sysexits.noInput,
  });
}
