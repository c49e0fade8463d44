/** What doctor checks of the mail server: Postfix, its queue tools, Dovecot, the mail log. */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import { type BypassCount, checkBypass } from '../../core/checklist/bypass.ts';
import { checkDovecot, dovecotTitle } from '../../core/checklist/dovecot.ts';
import { isLogTrouble } from '../../core/checklist/log-health.ts';
import { checkMailLog } from '../../core/checklist/mail-log.ts';
import { checkPostfix } from '../../core/checklist/postfix.ts';
import { checkXclient } from '../../core/checklist/webmail/xclient.ts';
import { type Finding, fine } from '../../core/finding.ts';
import type { ConnectedPostfix } from '../../daemon/base/connected.ts';
import { machineAddresses } from '../../daemon/base/machine.ts';
import { queueInstances } from '../../daemon/mail-server.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { postconf, postconfPath } from '../../partners/postfix/postconf.ts';
import { postfix } from '../../partners/postfix/queue.ts';
import { helperTools, ownTools } from '../../partners/privileged-tools.ts';
import { programOutput } from '../../partners/program.ts';
import { systemdRuns } from '../../partners/systemctl.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { guardMetrics } from '../guard/answer.ts';
import { home, installedHome, type RunFile } from '../guard/run-file.ts';
import { placesOf } from './doors.ts';

/** Where `postern install` lets Postern write the list of closed logins. */
const installedDenyFile = '/var/lib/postern-dovecot/suspended';

export async function mailServer(
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  const id = 'postfix';
  const title = 'Postfix';
  const wanted = 'all outgoing mail goes through Postern';
  try {
    const configDirectory = configDir ?? (await postconf('config_directory', undefined));
    const files = await readPostfixFiles(configDirectory);
    const claims = checkXclient({
      main: parseMainCf(files.main),
      master: parseMasterCf(files.master),
      own: machineAddresses(),
    });
    if (live?.doors.milter === 'off') {
      const found = 'not connected: the milter door is off, so Postern judges no mail';
      const fix = 'set doors.milter in postern.toml';
      return [{ id, kind: 'fail', title, found, wanted, fix }, ...claims];
    }
    if (live !== undefined) {
      const queueDirectory = await postconf('queue_directory', configDirectory);
      const checked = checkPostfix({ ...files, doors: placesOf(live), queueDirectory });
      return [...checked, ...claims];
    }
    const found = 'not checked: the addresses of the doors are known only while Postern runs';
    const fix = 'start Postern, then run doctor again';
    return [{ id, kind: 'unknown', title, found, wanted, fix }, ...claims];
  } catch (cause) {
    const fix = 'apt-get install postfix, or name its folder with --config-dir DIR';
    if (configDir === undefined && !existsSync(postconfPath)) {
      return [{ id, kind: 'warn', title, found: 'Postfix is not installed', wanted, fix }];
    }
    return [{ id, kind: 'unknown', title, found: faultText(cause), wanted, fix }];
  }
}

/**
 * Held mail can be held and released: through the root helper where installed, else as root. In
 * each connected instance, if the helper is asked.
 */
export async function tools(
  settings: Config['postfix'],
  configDir: string | undefined,
  guard: { readonly known: ConnectedPostfix | undefined; readonly live: RunFile | undefined },
): Promise<Finding> {
  const id = 'tools.privileged';
  const title = "Postfix's queue tools";
  if (settings.queue === 'off') {
    const fix = 'set postfix.queue = "auto" in postern.toml';
    const found =
      'not used (postfix.queue = "off"): mail of a suspended account that is in the queue goes out';
    return { id, kind: 'warn', title, found, wanted: 'auto, helper or direct', fix };
  }
  const socket = settings.helper_socket;
  try {
    if (settings.queue !== 'direct' && existsSync(socket)) {
      const missing = await missingTools(socket);
      if (missing.length === 0) {
        const named = { named: settings.config_directory, isNamedByRoot: true };
        for (const instance of queueInstances(guard.known, named)) {
          await postfix({ tools: helperTools(socket, instance), instance }).queue(1);
        }
        return fine(id, title, `usable through ${socket}`);
      }
      const fix = 'apt-get install postfix';
      const found = missing.join(', ');
      return { id, kind: 'fail', title, found, wanted: 'postqueue and postsuper', fix };
    }
    const user = guard.live?.owner;
    if (user !== undefined && user !== 0) {
      const found = `not usable: the guard runs as user id ${user}, without a helper at ${socket}`;
      const wanted = 'the root helper postern-root';
      return { id, kind: 'warn', title, found, wanted, fix: helperFix() };
    }
    if (!existsSync(postconfPath)) {
      const found = 'Postfix is not installed';
      const fix = 'apt-get install postfix';
      return { id, kind: 'warn', title, found, wanted: 'postqueue and postsuper', fix };
    }
    if (process.getuid?.() === 0) {
      const where = configDir === undefined ? {} : { postfixConfig: configDir };
      await postfix({ tools: ownTools(where), deadlineMs: 10_000 }).queue(1);
      return fine(id, title, 'usable as root');
    }
    const found = `not usable: no root helper at ${socket}, and doctor does not run as root`;
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted: 'the root helper postern-root',
      fix: helperFix(),
    };
  } catch (cause) {
    const found = faultText(cause);
    const fix =
      cause instanceof OperatorError && cause.hint !== undefined
        ? cause.hint
        : 'check both: systemctl status postfix postern-root.socket';
    return { id, kind: 'fail', title, found, wanted: 'an answer from the queue tools', fix };
  }
}

/** The helper is a unit of systemd. */
function helperFix(): string {
  if (!systemdRuns()) return 'it needs systemd; without it, release held mail with postsuper -H ID';
  if (home === installedHome) return 'systemctl start postern-root.socket';
  return 'sudo postern install (or run the guard as root, on a test machine)';
}

/** Lines of the root helper that name a missing tool; Dovecot's is optional. */
async function missingTools(socket: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(10_000);
  for await (const line of helperTools(socket).run('check', [], signal)) lines.push(line);
  return lines.filter((line) => line.endsWith(' missing') && !/doveadm/.test(line));
}

/** Nothing where Dovecot is not installed. */
export async function logins(settings: Config['dovecot']): Promise<readonly Finding[]> {
  const program = '/usr/bin/doveconf';
  if (!existsSync(program)) return [];
  const id = 'dovecot.deny';
  const title = dovecotTitle;
  if (settings.deny_file === '') {
    const fix =
      `set dovecot.deny_file = "${installedDenyFile}" in postern.toml, ` +
      'then run doctor again; it shows the lines that Dovecot needs';
    const found =
      'stays open: dovecot.deny_file is not set, so whoever has the password can still read mail';
    return [{ id, kind: 'warn', title, found, wanted: 'a deny file that Dovecot reads', fix }];
  }
  const more = settings.config === '' ? [] : ['-c', settings.config];
  try {
    const signal = AbortSignal.timeout(10_000);
    const args = [...more, '-n'];
    const lines = await programOutput({ program, args, signal, errors: 'complaint' });
    return [checkDovecot(lines.join('\n'), settings.deny_file)];
  } catch (cause) {
    const found = faultText(cause);
    const fix = 'run doctor as root: doveconf reads private keys';
    return [{ id, kind: 'unknown', title, found, wanted: 'output of doveconf -n', fix }];
  }
}

/** Asks the guard what it reads: doctor may run as root, who can read every log. */
export async function mailLog(
  source: string,
  live: RunFile | undefined,
  status: Record<string, unknown> | undefined,
): Promise<Finding> {
  const sample = live === undefined ? undefined : await guardMetrics(live);
  if (sample === undefined) return checkMailLog('unknown');
  const { log } = { ...(status?.['doors'] as Record<string, unknown> | undefined) };
  return checkMailLog({
    source,
    names: typeof log === 'string' && log !== 'none found' ? log : '',
    reading: sample('postern_mail_log_reading'),
    wanted: sample('postern_mail_log_wanted'),
    lines: sample('postern_mail_log_lines_total'),
    strange: sample('postern_mail_log_read_total{as="strange"}'),
    shapes: ((status?.['logShapes'] ?? []) as readonly ShapeCount[]).map(({ shape }) => shape),
    troubles: ((status?.['troubles'] ?? []) as readonly string[]).filter(isLogTrouble),
  });
}

/** What the guard's bypass meter counted. */
export function bypass(status: Record<string, unknown> | undefined): Finding {
  const count = status?.['bypass'] as Omit<BypassCount, 'now'> | undefined;
  if (count === undefined) return checkBypass('unknown');
  return checkBypass({ ...count, now: Number(status?.['now']) as Millis });
}
