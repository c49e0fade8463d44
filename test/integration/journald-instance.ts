/**
 * A real systemd-journald with a journal of its own (a namespace), whether or not this machine runs
 * under systemd:
 *
 *     await using journald = await startJournald();
 *     await journald.log('postfix/smtpd', 'connect from …');    // through syslog
 *     journald.words;                                           // for journalctl: --namespace=…
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { mustBeRoot } from './dovecot-instance.ts';
import { eventually, leash } from './leash.ts';

const run = promisify(execFile);

export type JournaldInstance = AsyncDisposable & {
  readonly words: readonly string[];
  /** `uid`: who says it; root, unless said otherwise. */
  log(tag: string, message: string | Buffer, uid?: number): Promise<void>;
  /** A record with these fields and no facility of syslog; root says it. */
  record(fields: Readonly<Record<string, string>>): Promise<void>;
};

export async function startJournald(): Promise<JournaldInstance> {
  mustBeRoot();
  const name = `pjd${randomBytes(4).toString('hex')}`;
  const machine = (await readFile('/etc/machine-id', 'utf8')).trim();
  const folders = [
    `/run/systemd/journal.${name}`,
    `/run/log/journal/${machine}.${name}`,
    `/var/log/journal/${machine}.${name}`,
  ];
  const socket = `${folders[0]}/dev-log`;
  const daemon = leash('/lib/systemd/systemd-journald', [name], {
    detaches: false,
    graceMs: 2_000,
  });
  // A journald of a namespace ends when it was idle for half a minute; while it has a client it is
  // not.
  let client: Socket | undefined;
  const end = async (): Promise<void> => {
    client?.destroy();
    await daemon.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually('journald listens', () => stat(socket).catch(() => undefined), {
      detail: daemon.output,
    });
    client = connect({ path: `${folders[0]}/io.systemd.journal` });
    await once(client, 'connect');
    client.on('error', () => undefined);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    words: [`--namespace=${name}`],
    async log(tag, message, uid = 0) {
      const words = ['logger', '--socket', socket, '-p', 'mail.info', '-t', tag];
      const done = run('setpriv', [`--reuid=${uid}`, '--clear-groups', ...words]);
      done.child.stdin?.end(message);
      await done;
    },
    async record(fields) {
      const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
      const to = `${folders[0]}/socket`;
      await run('perl', ['-MSocket', '-e', sendDatagram, to, ...lines]);
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Sends its arguments after the first, a line each, to the socket that the first names. */
const sendDatagram =
  'my $to = shift; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;' +
  ' send($s, join("\\n", @ARGV, ""), 0, pack_sockaddr_un($to)) or die;';
