/**
 * Proves a connection. A test message to postmaster through sendmail(1), with a Message-Id that
 * nobody can guess, must reach the guard; and each smtpd service that can be reached from here must
 * open a milter session. The test message is delivered to postmaster and says what it is.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SmtpdService } from '../../formats/postfix/services.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { guardAnswer, guardMetrics } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';

export type Seen = {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
  /** The message passed, and was judged a second time. */
  readonly twice?: boolean;
};

/** How a text begins that says why a way could not be tested. */
const notTested = 'not tested: ';

/** True if one way at least was tested, and all that were tested passed. */
export function isProof(seen: readonly Seen[]): boolean {
  return seen.every(({ ok }) => ok) && seen.some(({ text }) => !text.startsWith(notTested));
}

/** What sendmail(1) says to a user who is not in authorized_submit_users. */
const mayNotSubmit = 'is not allowed to submit mail';
const waitMs = 30_000;
const returnMs = 5_000;
/** The milter session begins before the greeting; the guard counts it at once. */
const sessionMs = 2_000;
const sessionsWaitMs = 10_000;

/** Throws if nothing listens at the address. Called before a change. */
export async function doorAnswers(address: string): Promise<void> {
  const [, host, port] = /^inet:(.*):(\d+)$/.exec(address) ?? [];
  const where =
    host === undefined
      ? { path: address.replace(/^unix:/, '') }
      : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  const socket = connect(where);
  socket.setTimeout(5_000, () => socket.destroy(new Error('no answer in 5 s')));
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new OperatorError('door-shut', `no door answers at ${address}`, {
      cause,
      hint: 'check that the guard is running: postern status',
      exit: sysexits.unavailable,
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Proves local mail: a test message through sendmail(1) and pickup(8). In an instance that
 * `postmulti -e create` made, nobody may submit mail in this way, not even root; then there is
 * nothing to test.
 */
export async function verifyLocal(
  configDirectory: string,
  run: RunFile,
  how: {
    /** Behind the @ of its Message-ID. */
    readonly host: string;
    /** Waits whether a filter brings the message to Postern again. */
    readonly once: boolean;
  },
): Promise<Seen> {
  const { host, once: onlyOnce } = how;
  const what = 'local mail (sendmail, pickup)';
  const messageId = `postern-verify.${randomBytes(16).toString('hex')}@${host}`;
  const sent = await sendmail(configDirectory, messageId);
  if (sent?.includes(mayNotSubmit) === true) {
    return { what, ok: true, text: `${notTested}authorized_submit_users does not allow root` };
  }
  if (sent !== undefined) return { what, ok: false, text: sent };
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline) {
    if ((await timesSeen(run, messageId)) > 0) {
      return onlyOnce ? seenOnce(what, () => timesSeen(run, messageId)) : seen(what);
    }
    await sleep(100);
  }
  return {
    what,
    ok: false,
    text: `the test message to postmaster was not seen within ${waitMs / 1_000} s`,
  };
}

const seen = (what: string): Seen => ({ what, ok: true, text: 'the test message was seen' });

/** A filter has returned the message by then, unless it is very slow. */
async function seenOnce(what: string, times: () => Promise<number>): Promise<Seen> {
  const deadline = Date.now() + returnMs;
  while (Date.now() < deadline) {
    await sleep(250);
    if ((await times()) < 2) continue;
    const text =
      'the test message was judged a second time: a filter returns it to a service or by a user ' +
      'that Postern does not know as a filter';
    return { what, ok: true, text, twice: true };
  }
  return seen(what);
}

/** Undefined if Postfix accepted the message; else why not. */
async function sendmail(configDirectory: string, messageId: string): Promise<string | undefined> {
  const args = ['-C', configDirectory, '-oi', '-f', 'postmaster', 'postmaster'];
  const child = spawn('/usr/sbin/sendmail', args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: waitMs,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(-1_000);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(testMessage(messageId));
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0 ? undefined : `sendmail ended with ${code}: ${said.trim()}`;
  } catch (cause) {
    return `sendmail cannot be started: ${String(cause)}`;
  }
}

function testMessage(messageId: string): string {
  return `From: Postern <postmaster>
To: postmaster
Subject: Postern is connected to this mail server
Message-ID: <${messageId}>
Auto-Submitted: auto-generated

This test message was sent by \`postern connect postfix\` to prove that mail passes Postern.
Nothing needs to be done. To see what passes: postern status
To undo the connection: postern connect postfix --undo
`;
}

/** How many messages with this Message-ID were judged, whoever they counted for. */
export async function timesSeen(run: RunFile, messageId: string): Promise<number> {
  const recent = await guardAnswer(run, '/api/recent?limit=200');
  if (!Array.isArray(recent)) return 0;
  let times = 0;
  for (const item of recent as { id?: unknown; account?: unknown }[]) {
    if (typeof item.id !== 'string' || !/^(?:local|user|client):/.test(String(item.account)))
      continue;
    const known = await guardAnswer(run, `/api/explain/${encodeURIComponent(item.id)}`);
    if (JSON.stringify(known ?? '').includes(messageId)) times++;
  }
  return times;
}

/**
 * Proves an smtpd service: a session with only EHLO must open a session at the milter door. A
 * process of Postfix that started before the reload may take a session or two, so it is repeated.
 */
export async function verifySmtpd(service: SmtpdService, run: RunFile): Promise<Seen> {
  const { name } = service.service;
  const what = `${service.role} (${name})`;
  const before = await sessions(run);
  if (before === undefined)
    return { what, ok: false, text: 'the guard does not answer at /metrics' };
  const deadline = Date.now() + sessionsWaitMs;
  while (Date.now() < deadline) {
    const greeted = await greet(name, service.role === 'submissions');
    if (greeted !== 'greeted') return { what, ok: true, text: `${notTested}${greeted}` };
    const again = Date.now() + sessionMs;
    while (Date.now() < again) {
      if (((await sessions(run)) ?? 0) > before)
        return { what, ok: true, text: 'the test session was seen' };
      await sleep(50);
    }
  }
  const seconds = sessionsWaitMs / 1_000;
  return { what, ok: false, text: `it answered, but opened no milter session in ${seconds} s` };
}

/** Milter sessions until now; undefined if the guard does not answer. */
async function sessions(run: RunFile): Promise<number | undefined> {
  const sample = await guardMetrics(run);
  return sample?.('postern_milter_sessions_total');
}

/** Connects, reads the greeting, sends EHLO and QUIT. Answers `greeted`, or why it could not. */
async function greet(name: string, wrapped: boolean): Promise<string> {
  if (wrapped) return 'the port uses TLS from the first byte';
  const place = servicePlace(name);
  if (place === undefined) return `the port of ${name} is not known`;
  const socket = connect(place);
  socket.setTimeout(10_000, () => socket.destroy(new Error('no greeting in 10 s')));
  try {
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    if (!greeting.toString('latin1').startsWith('220')) return 'it did not answer with 220';
    socket.write('EHLO localhost\r\n');
    await once(socket, 'data');
    return 'greeted';
  } catch (cause) {
    return faultText(cause);
  } finally {
    socket.on('error', () => undefined);
    socket.end('QUIT\r\n');
  }
}

const wellKnown: Readonly<Record<string, number>> = { smtp: 25, submission: 587 };

/** Where a service of master.cf is reached from here; undefined if its port is not known. */
export function servicePlace(
  service: string,
): { readonly host: string; readonly port: number } | undefined {
  const [, host, name] = /^(?:(.*):)?([A-Za-z0-9-]+)$/.exec(service) ?? [];
  const port = name === undefined ? Number.NaN : (wellKnown[name] ?? Number(name));
  if (!Number.isInteger(port)) return undefined;
  return { host: host?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port };
}
