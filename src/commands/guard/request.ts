/**
 * One question to the running guard: over its command socket, or over the address of its page if it
 * has no such socket (version 0.1).
 */
import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { RunFile } from './run-file.ts';

/** More than the longest list that the API gives. */
const answerBytesMax = 64 * 1024 * 1024;

export type Asked = {
  /** With its query: `/api/held?limit=10`. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly deadlineMs: number;
};
export type Answered = { readonly status: number; readonly text: string };

/** Where the guard is asked, for texts. */
export function askedAt({ doors }: RunFile): string {
  return doors.command ?? doors.http;
}

/** Rejects if there is no answer in time. */
export async function requestGuard(run: RunFile, asked: Asked): Promise<Answered> {
  const signal = AbortSignal.timeout(asked.deadlineMs);
  const { body, method = 'GET', path } = asked;
  const sent = request({
    ...(await wayTo(run, signal)),
    path,
    method,
    headers: { authorization: `Bearer ${run.token}`, 'content-type': 'application/json' },
    signal,
  });
  // What fails after the head of the answer is seen where its text is read.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, text: await textOf(answer) };
}

async function wayTo({ doors, owner }: RunFile, signal: AbortSignal): Promise<RequestOptions> {
  if (doors.command === undefined) {
    const { hostname, port } = new URL(doors.http);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port, agent: false };
  }
  const socket = connect({ path: doors.command.slice('unix:'.length), signal });
  await once(socket, 'connect');
  if (process.geteuid?.() === 0) await mustBelongTo(owner, socket);
  return { createConnection: () => socket };
}

/**
 * For root. The guard's user writes run.json and may name any socket there, such as that of another
 * program that obeys root. Root speaks only to a program of the guard's user. What this program is
 * told (the token) and what it answers belongs to that user anyway, and root writes nothing of
 * that to other files.
 */
async function mustBelongTo(owner: number, socket: Socket): Promise<void> {
  const { peerOfSocket } = await import('../../partners/kernel/peer-credentials.ts');
  const uid = peerOfSocket(socket)?.uid;
  if (uid === owner) return;
  socket.destroy();
  throw new Error(
    `the program there runs as user ${uid}, and the state folder belongs to ${owner}`,
  );
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
