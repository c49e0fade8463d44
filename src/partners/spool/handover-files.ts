/**
 * Keeps messages that wait to be handed over to the mail server, one file each, in a folder that
 * only Postern opens.
 *
 *   new/ ──complete, on the disk──▶ going/ ──the mail server has it──▶ sent/
 *   sent/ ──seen at the milter door──▶ (removed)
 *
 * A file has a first line, then facts about the message as JSON, then the message with a token in
 * its first field. The mail server reads the rest of the file as its standard input, so no message
 * is cut if this process ends.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { handoverField } from '../../core/scripts/handover-field.ts';
import { parseFacts, parseHandoverRequest } from '../../core/scripts/handover-request.ts';
import { writtenMail } from '../../core/scripts/written-mail.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  HandoverDraft,
  HandoverFiles,
  SendOutcome,
  WaitingMail,
} from '../../ports/handover.ts';

/** Runs the mail server's own sendmail with this file as its standard input. */
export type RunSendmail = (args: readonly string[], input: number) => Promise<SendOutcome>;

export type HandoverFilesOptions = {
  readonly folder: string;
  readonly run: RunSendmail;
  readonly user: (uid: number) => { readonly fullName: string };
  /** Called for a file that is not Postern's or is broken. The file stays where it is. */
  readonly unreadable: (path: string) => void;
};

const synced = promisify(fsync);
const stages = ['going', 'sent'] as const;
/** How much of a message is read for the rules. */
const headBytesMax = 65_536;
/** 64 random bits, different for each attempt to send a message. */
const attemptBytes = 8;
const firstLine = /^postern-submission 1 (\d{1,8})$/;

export function openHandoverFiles(options: HandoverFilesOptions): HandoverFiles {
  const at = (stage: string, token = ''): string => join(options.folder, stage, token);
  for (const stage of ['new', ...stages]) mkdirSync(at(stage), { recursive: true, mode: 0o700 });
  // Removes incomplete messages; their senders were never told that Postern has them.
  for (const name of readdirSync(at('new'))) rmSync(at('new', name), { force: true });
  const place = (token: string): string | undefined =>
    stages.map((stage) => at(stage, token)).find((path) => existsSync(path));
  return {
    begin: (handover) => new FileDraft(at('new', handover.token), at('going'), handover),
    list: () =>
      stages
        .flatMap((state) =>
          readdirSync(at(state)).flatMap((name) => {
            const opened = open(at(state, name));
            if (opened === undefined) {
              options.unreadable(at(state, name));
              return [];
            }
            const bytes = fstatSync(opened.file).size;
            closeSync(opened.file);
            return [{ handover: opened.handover, state, bytes }];
          }),
        )
        .sort((one, other) => (one.handover.request.id < other.handover.request.id ? -1 : 1)),
    async send(token, how) {
      if (!existsSync(at('going', token))) return { kind: 'gone' };
      if (how === 'again') anotherTry(at('going', token), at('new', token));
      const opened = open(at('going', token));
      // The file exists, so there are no file descriptors left or the disk has a fault. Both may
      // pass, and then the message is sent.
      if (opened === undefined) return { kind: 'unknown', why: 'its file cannot be read' };
      try {
        const { submitter, request } = opened.handover;
        const fullName = request.fullName ?? options.user(submitter.uid).fullName;
        const outcome = await options.run(argumentsOf(request, fullName), opened.file);
        if (outcome.kind === 'sent') move(at('going', token), at('sent', token));
        return outcome;
      } finally {
        closeSync(opened.file);
      }
    },
    async written(token) {
      const path = place(token);
      const opened = path === undefined ? undefined : open(path);
      if (opened === undefined) return undefined;
      const bytes = Buffer.alloc(headBytesMax);
      const read = readSync(opened.file, bytes, 0, headBytesMax, null);
      closeSync(opened.file);
      const own = bytes.indexOf(0x0a) + 1;
      return writtenMail(bytes.subarray(own, read), opened.handover.request);
    },
    remove(token) {
      for (const stage of stages) rmSync(at(stage, token), { force: true });
    },
  };
}

class FileDraft implements HandoverDraft {
  readonly #path: string;
  readonly #going: string;
  readonly #handover: WaitingMail;
  readonly #file: number;
  #begun = false;

  constructor(path: string, going: string, handover: WaitingMail) {
    this.#path = path;
    this.#going = going;
    this.#handover = handover;
    this.#file = openSync(path, 'wx', 0o600);
    const { request, submitter, token, at } = handover;
    const json = JSON.stringify({ token, at, speaker: submitter, handIn: request });
    const line = `postern-submission 1 ${Buffer.byteLength(json)}\n`;
    const field = handoverField(token, randomBytes(attemptBytes).toString('hex'));
    const end = request.crlf ? '\r\n' : '\n';
    try {
      this.#all(Buffer.from(`${line}${json}${field}${end}`));
    } catch (cause) {
      this.drop();
      throw cause;
    }
  }

  write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    // White space at the start would continue Postern's own field, but it begins the body of a
    // message without fields.
    if (!this.#begun && startsWithSpace(bytes)) this.#all(Buffer.from('\n'));
    this.#begun = true;
    this.#all(bytes);
  }

  finish(done: (fault: Error | undefined) => void): void {
    void this.#keep().then(
      () => done(undefined),
      (cause: unknown) => {
        rmSync(this.#path, { force: true });
        done(cause instanceof Error ? cause : new Error(String(cause)));
      },
    );
  }

  /**
   * Waits for the disk twice, for the message and for its name, without blocking the event loop.
   */
  async #keep(): Promise<void> {
    try {
      await synced(this.#file);
    } finally {
      closeSync(this.#file);
    }
    renameSync(this.#path, join(this.#going, this.#handover.token));
    await syncFolder(this.#going);
  }

  drop(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #all(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }
}

/** White space as Postfix knows it, but no empty line. */
function startsWithSpace(bytes: Buffer): boolean {
  const first = bytes[0] ?? 0;
  if (first === 0x20 || first === 0x09 || first === 0x0b || first === 0x0c) return true;
  return first === 0x0d && bytes.find((one) => one !== 0x0d) !== 0x0a;
}

/** Reads what is known of a message; the file then stands at the message itself. */
function open(path: string): { readonly file: number; readonly handover: WaitingMail } | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  const handover = readHead(file);
  if (handover !== undefined) return { file, handover };
  closeSync(file);
  return undefined;
}

function readHead(file: number): WaitingMail | undefined {
  const line = Buffer.alloc(64);
  const read = readSync(file, line, 0, line.length, 0);
  const lineEnd = line.subarray(0, read).indexOf(0x0a);
  const length = firstLine.exec(line.toString('latin1', 0, Math.max(0, lineEnd)))?.[1];
  if (length === undefined) return undefined;
  const head = Buffer.alloc(lineEnd + 1 + Number(length));
  // Reads from the file position, and moves it.
  for (let at = 0; at < head.length; ) {
    const more = readSync(file, head, at, head.length - at, null);
    if (more === 0) return undefined;
    at += more;
  }
  return parseSubmission(head.toString('utf8', lineEnd + 1));
}

function parseSubmission(text: string): WaitingMail | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { token, at, speaker: submitter, handIn } = value as Partial<Record<string, unknown>>;
  const request = parseHandoverRequest(JSON.stringify(handIn));
  const facts = parseFacts(submitter);
  if (!request.ok || facts === undefined || typeof token !== 'string') return undefined;
  const { claim: _, ...asked } = request.value;
  const { user, proven, scriptOwner } = submitter as Partial<Record<string, unknown>>;
  return {
    token,
    at: Number(at) as Millis,
    request: asked,
    submitter: {
      ...facts,
      user: String(user ?? ''),
      scriptOwner: typeof scriptOwner === 'number' ? scriptOwner : undefined,
      proven: proven === 'kernel' ? 'kernel' : 'owner',
    },
  };
}

/**
 * Writes a new file for another attempt, so a process that reads the old file still reads the old
 * attempt.
 */
function anotherTry(path: string, fresh: string): void {
  rmSync(fresh, { force: true });
  copyFileSync(path, fresh);
  const opened = open(fresh);
  if (opened === undefined) throw new Error(`${fresh} cannot be read`);
  closeSync(opened.file);
  const line = Buffer.alloc(64);
  const file = openSync(fresh, 'r+');
  try {
    readSync(file, line, 0, line.length, 0);
    const lineEnd = line.indexOf(0x0a);
    const length = Number(firstLine.exec(line.toString('latin1', 0, lineEnd))?.[1] ?? 0);
    const attempt = randomBytes(attemptBytes).toString('hex');
    const field = handoverField(opened.handover.token, attempt);
    const bytes = Buffer.from(field);
    writeSync(file, bytes, 0, bytes.length, lineEnd + 1 + length);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
}

function argumentsOf(request: WaitingMail['request'], fullName: string): readonly string[] {
  const { sender, through, headerRecipients, recipients } = request;
  return [
    ...['-i', '-f', sender, '-F', fullName],
    ...through,
    ...(headerRecipients ? ['-t'] : []),
    ...['--', ...recipients],
  ];
}

/** Moves a file; it may be gone, because the milter door may have seen the message already. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await synced(folder);
  } finally {
    closeSync(folder);
  }
}
