/**
 * Proves that Postfix refuses unknown recipients and takes known ones: for each an SMTP session
 * with the service for strangers, which ends before DATA. Nothing is sent.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultText } from '../../../lib/error-text.ts';
import { servicePlace } from '../postfix-proof.ts';

export type RcptProof = { readonly address: string; readonly ok: boolean; readonly text: string };

/** Postfix asks the next server meanwhile, and says 450 until it has an answer. */
const waitMs = 60_000;
const replyMs = 30_000;
const pauseMs = 1_000;
const replyMax = 4_096;

/** Tries one recipient until the answer is no longer `try again`. */
export async function rcptProof(
  service: string,
  address: string,
  wanted: 'taken' | 'refused',
): Promise<RcptProof> {
  const deadline = Date.now() + waitMs;
  while (true) {
    const reply = await rcpt(service, address).catch((cause: unknown) => faultText(cause));
    const isTaken = reply.startsWith('25');
    const isRefused = /^55\d /.test(reply);
    if (isTaken || isRefused || Date.now() > deadline) {
      return { address, ok: wanted === 'taken' ? isTaken : isRefused, text: reply };
    }
    await sleep(pauseMs);
  }
}

async function rcpt(service: string, address: string): Promise<string> {
  const place = servicePlace(service);
  if (place === undefined) throw new Error(`the port of ${service} is not known`);
  const socket = connect(place);
  socket.setTimeout(replyMs, () => socket.destroy(new Error(`no answer in ${replyMs / 1_000} s`)));
  try {
    await reply(socket, undefined);
    await reply(socket, 'EHLO postern.invalid');
    const from = await reply(socket, 'MAIL FROM:<>');
    if (!from.startsWith('250')) return from;
    return await reply(socket, `RCPT TO:<${address}>`);
  } finally {
    socket.on('error', () => undefined);
    socket.end('QUIT\r\n');
  }
}

/** Sends a command, and answers with the last line of the reply. */
async function reply(socket: Socket, command: string | undefined): Promise<string> {
  if (command !== undefined) socket.write(`${command}\r\n`);
  let text = '';
  while (text.length < replyMax) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
    const last = text.trimEnd().split('\r\n').at(-1) ?? '';
    if (text.endsWith('\n') && /^\d{3} /.test(last)) return last;
  }
  throw new Error('a reply without an end');
}
