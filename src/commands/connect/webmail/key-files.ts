/** Makes the key of a webmail, with its certificate, and the files that Postfix reads. */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { programOutput } from '../../../partners/program.ts';
import { rootDecides } from '../../guard/trusted-path.ts';
import { commandTable, type WebmailPaths } from './plan.ts';

const openssl = '/usr/bin/openssl';
const opensslMs = 30_000;
/** Both ends have the same file, and nobody else trusts it. */
const validDays = '7300';

/** The name in the certificate, which the webmail compares. */
export const certificateName = 'localhost';

export function webmailPaths(directory: string, key: string): WebmailPaths {
  return {
    key,
    certificate: join(directory, 'postern-webmail-ca.pem'),
    commands: join(directory, 'postern-webmail-commands'),
  };
}

/** Makes all three. `uid`: of the webmail. Throws OperatorError, and then none is left. */
export async function makeFiles(paths: WebmailPaths, uid: number): Promise<void> {
  const made: string[] = [];
  try {
    await folderOf(paths.key);
    const { certificate, key } = await newKey();
    const files = [
      [paths.key, key + certificate, 0o400, uid],
      [paths.certificate, certificate, 0o644, 0],
      [paths.commands, commandTable, 0o644, 0],
    ] as const;
    for (const [path, text, mode, owner] of files) {
      // A link or a file of somebody else is not followed.
      const file = await open(path, 'wx', 0o600);
      made.push(path);
      await file.writeFile(text);
      // Of the opened file: its name may lead elsewhere by now.
      await file.chown(owner, 0);
      await file.chmod(mode);
      await file.sync();
      await file.close();
    }
  } catch (cause) {
    for (const path of made) await rm(path, { force: true });
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError('cannot-write', 'cannot make the files of the webmail service', {
      cause,
      hint: 'run this command as root; remove files that an older run left: --undo',
      exit: sysexits.noPerm,
    });
  }
}

/**
 * Only root may change the folder of the key, and those above it: else another file could be put in
 * its place.
 */
async function folderOf(key: string): Promise<void> {
  const folder = dirname(key);
  rootDecides(folder);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const { mode, uid } = await stat(folder);
  if (uid === 0 && (mode & 0o022) === 0) return;
  throw new OperatorError('unsafe-folder', `others than root can change ${folder}`, {
    hint: 'name a file in a folder of root with --key',
    exit: sysexits.config,
  });
}

async function newKey(): Promise<{ readonly key: string; readonly certificate: string }> {
  const lines = await programOutput({
    program: openssl,
    args: [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', validDays, '-subj', '/CN=postern-webmail', '-keyout', '-', '-out', '-'],
      ...['-addext', `subjectAltName=DNS:${certificateName},IP:127.0.0.1`],
    ],
    signal: AbortSignal.timeout(opensslMs),
    errors: 'complaint',
    package: 'openssl',
  });
  const text = `${lines.join('\n')}\n`;
  const part = (name: string): string => {
    const found = new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----\n`).exec(text);
    if (found === null) throw new Error(`openssl wrote no ${name}`);
    return found[0];
  };
  return { key: part('PRIVATE KEY'), certificate: part('CERTIFICATE') };
}
