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
  return {
    signaturesOf: ({ host }) => (domains.includes(host) ? [{ domain: host, selector, key }] : []),
    froms: domains.map((host) => ({ host, user: undefined })),
    notes: [],
    gaps: [],
  };
}

/** A set-up asks for the same folders again and again: each is listed once. */
function openFiles(): SetupFiles {
  const listed = new Map<string, readonly string[] | undefined>();
  return {
    text: (path) => tried(() => readText(path)),
    names(folder) {
      if (!listed.has(folder))
        listed.set(
          folder,
          tried(() => readdirSync(folder).sort()),
        );
      return listed.get(folder);
    },
  };
}

function tried<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new RangeError('it is not a file');
    if (stats.size > octetsMax) throw new RangeError(`it has ${stats.size} octets`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperatorError('no-input', `cannot read ${path}`, {
      cause,
      hint: 'give the path of the configuration, or run this as root',
      exit: sysexits.noInput,
    });
  }
}
