/**
 * Doctor tries to bypass the sendmail door as the user that websites run as. It calls postdrop
 * without a message, and opens an SMTP connection without a command. Both send no mail; Postfix
 * logs both.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import {
  checkMet,
  checkRegister,
  checkWaysRound,
  scriptsUnseen,
  type WaysRound,
} from '../../core/checklist/scripts.ts';
import type { Finding } from '../../core/finding.ts';
import { isNeverMet } from '../../core/scripts/never-met.ts';
import { isWebUser } from '../../core/scripts/web-users.ts';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { smtpdServices } from '../../formats/postfix/services.ts';
import { faultText } from '../../lib/error-text.ts';
import type { StatusView } from '../../ports/admin.ts';
import type { ScriptListView } from '../../ports/scripts.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { guardAnswer } from '../guard/answer.ts';
import { type ProcessUser, processUser } from '../guard/process-user.ts';
import type { RunFile } from '../guard/run-file.ts';

const trialMs = 10_000;

/** Empty if no guard runs. */
export async function checkScripts(
  { scripts, sendmail }: Config,
  live: RunFile | undefined,
  configDir: string,
): Promise<readonly Finding[]> {
  if (live === undefined) return [];
  if (sendmail.door === 'off') return [scriptsUnseen()];
  const { main, master } = await readPostfixFiles(configDir);
  const parsed = parseMainCf(main);
  const services = smtpdServices(parsed, parseMasterCf(master));
  const name = services.find(({ role }) => role === 'smtp')?.service.name ?? 'smtp';
  const port = Number(/(\d+)$/.exec(name)?.[1] ?? 25);
  const user = triedAs(scripts.web_users);
  const why =
    process.getuid?.() !== 0
      ? 'doctor does not run as root'
      : user === undefined
        ? 'this machine has no user of scripts.web_users'
        : '';
  const tried = why !== '' || user === undefined ? undefined : user;
  const facts: WaysRound = {
    user: user?.name ?? '',
    guard: guardUser(live.pid),
    port,
    direct: scripts.direct_connections,
    authorized: mainValue(parsed, submitUsers),
    postdrop: tried === undefined ? { why } : await tryPostdrop(tried, configDir),
    loopback: tried === undefined ? { why } : await tryLoopback(tried, port, live),
  };
  return [
    ...checkWaysRound(facts),
    ...(await met(live)),
    ...(await register(live, scripts.web_users)),
  ];
}

async function met(live: RunFile): Promise<readonly Finding[]> {
  const status = (await guardAnswer(live, '/api/status')) as StatusView | undefined;
  return status === undefined ? [] : [checkMet(status.troubles.find(isNeverMet))];
}

const submitUsers = 'authorized_submit_users';

/** Only web users count: mail of others, such as cron's, has no script. */
async function register(live: RunFile, webUsers: readonly string[]): Promise<readonly Finding[]> {
  const list = (await guardAnswer(live, '/api/scripts?limit=10000')) as ScriptListView | undefined;
  if (list === undefined) return [];
  const withoutRule = list.scripts.filter(({ rule }) => rule === '');
  const faceless = withoutRule.filter(({ uid, how }) => how === 'none' && uid !== 0);
  const { mode, known } = list;
  return [
    checkRegister({
      mode,
      known,
      withoutRule: withoutRule.length,
      faceless: faceless.map(({ user }) => user).filter((user) => isWebUser(user, webUsers)),
    }),
  ];
}

function triedAs(names: readonly string[]): ProcessUser | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    if (name !== '' && isWebUser(name, names)) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function guardUser(pid: number): string {
  // Undefined: the guard has just ended.
  return processUser(pid)?.name || 'postern';
}

/**
 * Calls postdrop without a message. It refuses a user who may not submit; for others it opens a
 * queue file and removes it when no message follows.
 */
async function tryPostdrop(
  { uid, gid }: ProcessUser,
  configDir: string,
): Promise<WaysRound['postdrop']> {
  // postdrop lets no user but root name another configuration folder.
  if (configDir !== '/etc/postfix') return { why: `not possible with ${configDir}` };
  const child = spawn('/usr/sbin/postdrop', ['-r'], {
    uid,
    gid,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(trialMs),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('latin1')).slice(0, 4_096);
    });
  }
  try {
    await once(child, 'close');
  } catch (cause) {
    return { why: faultText(cause) };
  }
  if (/is not allowed to submit mail/.test(said)) return { outcome: 'refused' };
  if (/queue_id/.test(said)) return { outcome: 'taken' };
  return { why: `postdrop answered: ${said.trim().split('\n')[0] ?? 'nothing'}` };
}

/** Connects as this user, and asks the guard which user the connection belongs to. */
async function tryLoopback(
  { uid, gid }: ProcessUser,
  port: number,
  live: RunFile,
): Promise<WaysRound['loopback']> {
  const script = `
    const socket = require('node:net').connect(${port}, '127.0.0.1');
    socket.on('error', ({ code }) => { console.log(code); process.exit(); });
    socket.on('data', () => {});
    socket.on('connect', () => console.log(socket.localPort));
    process.stdin.on('end', () => process.exit()).resume();`;
  const child = spawn(process.execPath, ['-e', script], {
    uid,
    gid,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    signal: AbortSignal.timeout(trialMs),
  });
  try {
    const [first] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'close').then(() => ['']),
    ])) as [Buffer | string];
    const word = first.toString().trim();
    if (word === 'ECONNREFUSED') return { outcome: 'closed' };
    if (!/^\d+$/.test(word)) return { why: `the test connection failed: ${word}` };
    const path = `/api/scripts/whose?address=127.0.0.1&port=${word}`;
    const answer = (await guardAnswer(live, path)) as { readonly user?: string } | undefined;
    if (answer === undefined) return { why: 'the guard did not answer' };
    return { outcome: { user: answer.user ?? '' } };
  } catch (cause) {
    return { why: faultText(cause) };
  } finally {
    child.stdin.on('error', () => undefined).end();
  }
}
