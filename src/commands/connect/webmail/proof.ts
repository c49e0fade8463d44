/**
 * Proves that the service answers nobody but who has the key, takes the address of a person, and
 * takes no login that is only claimed.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { faultText } from '../../../lib/error-text.ts';
import { certificateName } from './key-files.ts';
import type { WebmailPaths } from './plan.ts';

const answerMs = 10_000;
/** Answers of the service are far shorter. */
const heardMax = 65_536;
/** Of a documentation network (RFC 5737). */
const somebody = '203.0.113.7';
/** The greeting, which comes again after XCLIENT. */
const ready = '220';

/** Undefined if all is as it must be; else what is not. */
export async function webmailProof(port: number, paths: WebmailPaths): Promise<string | undefined> {
  try {
    // It may also just close the connection.
    const stranger = await talk(port, undefined, ['EHLO proof']).catch(() => []);
    if (stranger.some((reply) => reply.startsWith('250'))) {
      return 'the service talks to a program without the key';
    }
    const pem = await readFile(paths.key);
    const words = ['EHLO proof', 'XCLIENT LOGIN=postmaster', `XCLIENT ADDR=${somebody}`];
    const [, hello = '', login = '', address = ''] = await talk(port, pem, words);
    if (!/^250[ -]XCLIENT /m.test(hello))
      return `no XCLIENT for the webmail: ${hello || 'silence'}`;
    if (!login.startsWith('5')) return `a claimed login was answered with: ${login}`;
    if (!address.startsWith(ready)) return `the address was answered with: ${address}`;
    return undefined;
  } catch (fault) {
    return faultText(fault);
  }
}

/** The greeting and the answer to each of these lines, as far as there are any. */
async function talk(
  port: number,
  pem: Buffer | undefined,
  lines: readonly string[],
): Promise<readonly string[]> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: certificateName,
    ...(pem === undefined ? {} : { key: pem, cert: pem, ca: pem }),
    // Without the key nothing is told to the service, whoever it is.
    rejectUnauthorized: pem !== undefined,
  });
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), answerMs);
  const replies: string[] = [];
  let heard = '';
  let next = 0;
  try {
    for await (const chunk of socket.setEncoding('latin1').iterator()) {
      heard += String(chunk);
      if (heard.length > heardMax) throw new Error('the service says too much');
      // The last line of a reply has a blank behind its code (RFC 5321 section 4.2).
      if (!/(?:^|\n)\d{3} [^\n]*\n$/.test(heard)) continue;
      replies.push(heard.trimEnd());
      heard = '';
      const line = lines[next++];
      if (line === undefined) break;
      socket.write(`${line}\r\n`);
    }
    return replies;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
