/**
 * Proves with a message that mail that comes in is nobody's: a test message to postmaster by SMTP
 * must not be judged, neither at once nor when a filter hands it back.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { type Finding, fine } from '../../core/finding.ts';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { smtpdServices } from '../../formats/postfix/services.ts';
import { faultText } from '../../lib/error-text.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { timesSeen } from '../connect/postfix-proof.ts';
import type { RunFile } from '../guard/run-file.ts';

const sendMs = 10_000;
/** A filter has returned the message by then, unless it is very slow. */
const returnMs = 5_000;

/** Nothing where no service takes mail without a login. */
export async function incomingProof(
  configDirectory: string,
  live: RunFile,
  host: string,
): Promise<readonly Finding[]> {
  const files = await readPostfixFiles(configDirectory);
  const services = smtpdServices(parseMainCf(files.main), parseMasterCf(files.master));
  const open = services.find(({ login, role }) => role === 'smtp' && !login);
  const where = open === undefined ? undefined : addressOf(open.service.name);
  if (where === undefined) return [];
  const id = 'postfix.test-incoming';
  const title = `Test message to postmaster by SMTP (${where.host}:${where.port})`;
  const bad = (kind: 'fail' | 'unknown', found: string): Finding => ({
    id,
    kind,
    title,
    found,
    wanted: 'a message that comes in and is judged under no account',
    fix: 'see "Filters around Postern" in docs/connect-postfix.md; then: postern connect postfix',
  });
  const messageId = `postern-incoming.${randomBytes(16).toString('hex')}@${host}`;
  try {
    await send(where, messageId, host);
    const deadline = Date.now() + returnMs;
    while (Date.now() < deadline) {
      await sleep(250);
      if ((await timesSeen(live, messageId)) === 0) continue;
      const found = 'judged as mail of this server: a filter returns it where Postern judges again';
      return [bad('fail', found)];
    }
    return [fine(id, title, 'not judged, as mail that comes in')];
  } catch (cause) {
    return [bad('unknown', `not tested: ${faultText(cause)}`)];
  }
}

type Where = { readonly host: string; readonly port: number };

function addressOf(name: string): Where | undefined {
  const [, host = '127.0.0.1', port = ''] = /^(?:(.*):)?([A-Za-z0-9-]+)$/.exec(name) ?? [];
  const number = port === 'smtp' ? 25 : Number(port);
  return Number.isInteger(number)
    ? { host: host.replace(/^\[|\]$/g, ''), port: number }
    : undefined;
}

async function send({ host, port }: Where, messageId: string, domain: string): Promise<void> {
  const address = `postmaster@${domain}`;
  const times = { connectionTimeout: sendMs, greetingTimeout: sendMs, socketTimeout: sendMs };
  await createTransport({ host, port, ignoreTLS: true, ...times }).sendMail({
    envelope: { from: '', to: ['postmaster'] },
    from: address,
    to: address,
    messageId: `<${messageId}>`,
    subject: 'Postern tests mail that comes in',
    text: 'A test message of `postern doctor --test-message`. Nothing needs to be done.\n',
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
