/**
 * Other people's ARC: Perl's Mail::DKIM and Python's dkimpy, as verifiers and as sealers, with keys
 * handed to them.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const others = ['dkimpy', 'Mail::DKIM'] as const;
export type Other = (typeof others)[number];

/** Debian's own interpreters: another Python first in PATH has no module dkim. */
const programs: Readonly<Record<Other, readonly [string, string]>> = {
  'Mail::DKIM': ['/usr/bin/perl', 'arc-others.pl'],
  dkimpy: ['/usr/bin/python3', 'arc-others.py'],
};

/**
 * `none`, `pass`, `fail`, or `ended` where dkimpy says that somebody else found it broken; and why.
 */
export type OtherArc = readonly [result: string, why: string];

/** Of each message, by its name. Keys: name of the TXT record in lower case, and its text. */
export async function verifyArcBy(
  other: Other,
  messages: ReadonlyMap<string, Buffer>,
  keys: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, OtherArc>> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-arcs-'));
  try {
    const [folder, keysFile] = [join(dir, 'messages'), join(dir, 'keys.json')];
    await mkdir(folder);
    await writeFile(keysFile, JSON.stringify(keys));
    for (const [name, message] of messages) await writeFile(join(folder, name), message);
    const found = await asked(other, Buffer.alloc(0), ['verify', folder, keysFile]);
    return new Map(Object.entries(JSON.parse(found.toString()) as Record<string, OtherArc>));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The message with one more set on top. */
export function sealArcBy(
  other: Other,
  message: Buffer,
  by: {
    readonly authservId: string;
    readonly domain: string;
    readonly selector: string;
    readonly keyFile: string;
  },
): Promise<Buffer> {
  return asked(other, message, ['seal', by.authservId, by.domain, by.selector, by.keyFile]);
}

async function asked(other: Other, message: Buffer, words: readonly string[]): Promise<Buffer> {
  const [program, script] = programs[other];
  const child = spawn(program, [join(import.meta.dirname, script), ...words]);
  const out: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => void out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1');
  });
  child.stdin.end(message);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`${other} ended with ${code}: ${said}`);
  return Buffer.concat(out);
}
