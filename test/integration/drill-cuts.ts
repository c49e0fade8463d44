/** Cuts of single links, each made on the real thing, and how each is repaired. */
import { execFile } from 'node:child_process';
import { glob, mkdir, readFile, rename, rm, watch, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LinkId } from '../../src/core/drill/links.ts';
import { canary, type DrillServer, denied, operator } from './drill-server.ts';
import { eventually } from './leash.ts';

const run = promisify(execFile);

export type Cut = {
  readonly what: string;
  /** The link that must be found broken. */
  readonly found: LinkId;
  /** Cuts it; answers with what repairs it. */
  cut(server: DrillServer): Promise<() => Promise<void>>;
};

export const cuts: readonly Cut[] = [
  {
    what: 'nothing listens at the socket of the root helper',
    found: 'helper',
    async cut({ helper }) {
      await rename(helper.path, `${helper.path}.away`);
      return () => rename(`${helper.path}.away`, helper.path);
    },
  },
  {
    what: 'main.cf names no milter',
    found: 'socket',
    cut: (server) => withPostfix(server, { smtpd_milters: '' }),
  },
  {
    what: 'transport_maps has lost the sink',
    found: 'sink',
    cut: (server) => withPostfix(server, { transport_maps: '' }),
  },
  {
    what: 'the certificate of the submission port is gone',
    found: 'submission',
    cut: (server) => withPostfix(server, { smtpd_tls_cert_file: '/nonexistent/cert.pem' }),
  },
  {
    what: 'the canary has another password',
    found: 'submission',
    async cut({ dovecot }) {
      const change = (users: string): string =>
        users.replace(`${canary}:{PLAIN}`, `${canary}:{PLAIN}another-`);
      const repair = await withUsers(dovecot, change);
      await until(dovecot.configFile, canary, 'refused');
      return async () => {
        await repair();
        await until(dovecot.configFile, canary, 'accepted');
      };
    },
  },
  {
    what: 'milters are switched off for the client',
    found: 'milter',
    cut: (server) => withPostfix(server, { smtpd_milter_maps: 'inline:{127.0.0.1=DISABLE}' }),
  },
  {
    // Postern asks for the macros that it needs, so main.cf cannot take them away. Dovecot can
    // still hand back another name.
    what: 'the macro of the login names another account',
    found: 'account',
    async cut({ dovecot }) {
      const other = 'other@mail.test';
      const change = (users: string): string =>
        users.replace(/^drill-canary.*$/m, `$&user=${other}`);
      const repair = await withUsers(dovecot, change);
      await untilNamed(dovecot.configFile, other);
      return async () => {
        await repair();
        await untilNamed(dovecot.configFile, canary);
      };
    },
  },
  {
    what: 'Postfix logs into another file',
    found: 'log',
    cut: (server) =>
      withPostfix(server, { maillog_file: join(server.postfix.dir, 'log', 'other.log') }),
  },
  {
    what: 'the clock of the guard is two hours ahead',
    found: 'clock',
    async cut(server) {
      await server.guard[Symbol.asyncDispose]();
      server.guard = await server.startGuard(await clockAhead('+2h'));
      return async () => {
        await server.guard[Symbol.asyncDispose]();
        server.guard = await server.startGuard();
      };
    },
  },
  {
    what: 'a program releases held mail',
    found: 'hold',
    async cut({ postfix }) {
      const stop = new AbortController();
      const releasing = releaseOnce(join(postfix.dir, 'spool', 'hold'), stop.signal, async () => {
        await postfix.tool('postsuper', '-H', 'ALL').catch(() => undefined);
      });
      return async () => {
        stop.abort();
        await releasing;
      };
    },
  },
  {
    what: 'the deny file cannot be written',
    found: 'deny-file',
    async cut({ dovecot }) {
      const inTheWay = `${dovecot.denyFile}.new`;
      await mkdir(inTheWay);
      return () => rm(inTheWay, { recursive: true });
    },
  },
  {
    what: 'Dovecot does not read the deny file',
    found: 'login',
    async cut({ dovecot, postfix }) {
      const before = await readFile(dovecot.configFile, 'utf8');
      const block =
        /passdb (?:postern )?\{\n {2}driver = passwd-file\n {2}deny = yes[\s\S]*?\n\}\n/;
      const without = before.replace(block, '');
      if (without === before) throw new Error('there is no deny passdb to cut');
      const set = async (text: string, outcome: 'accepted' | 'refused'): Promise<void> => {
        await writeFile(dovecot.configFile, text);
        await run('/usr/bin/doveadm', ['-c', dovecot.configFile, 'reload']);
        await until(dovecot.configFile, denied, outcome);
        // Processes of Postfix keep their connections to the authentication of before.
        await postfix.reload();
      };
      await set(without, 'accepted');
      return () => set(before, 'refused');
    },
  },
  {
    what: 'mail to the operator bounces',
    found: 'mail',
    async cut({ refused }) {
      refused.set(operator, '550 5.1.1 no such user');
      return async () => void refused.delete(operator);
    },
  },
  {
    what: 'the webhook answers with an error',
    found: 'webhook',
    async cut({ web }) {
      web.status = 500;
      return async () => {
        web.status = 204;
      };
    },
  },
  {
    what: 'the guard is dead',
    found: 'guard',
    async cut(server) {
      server.guard.kill('SIGKILL');
      await server.guard.ended;
      return async () => {
        server.guard = await server.startGuard();
      };
    },
  },
];

/** Sets parameters of main.cf; repairs it by the file as it was. */
async function withPostfix(
  { postfix }: DrillServer,
  settings: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const path = join(postfix.configDirectory, 'main.cf');
  const before = await readFile(path, 'utf8');
  await postfix.set(settings);
  await postfix.reload();
  return async () => {
    await writeFile(path, before);
    await postfix.set({});
    await postfix.reload();
  };
}

/** Changes the file of Dovecot's users, which Dovecot reads again for each login. */
async function withUsers(
  { dir }: DrillServer['dovecot'],
  change: (users: string) => string,
): Promise<() => Promise<void>> {
  const path = join(dir, 'users');
  const before = await readFile(path, 'utf8');
  await writeFile(path, change(before));
  return () => writeFile(path, before);
}

/** The environment of a program whose clock is that far ahead. */
async function clockAhead(offset: string): Promise<Readonly<Record<string, string>>> {
  for await (const library of glob('/usr/lib/*/faketime/libfaketimeMT.so.1')) {
    return { LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  }
  throw new Error('faketime is not installed');
}

/** Waits until Dovecot answers so for this login with the password of the tests. */
async function until(
  configFile: string,
  login: string,
  outcome: 'accepted' | 'refused',
): Promise<void> {
  const args = ['-c', configFile, 'auth', 'test', login, 'secret'];
  await eventually(`${login} is ${outcome}`, async () => {
    const accepted = await run('/usr/bin/doveadm', args).then(
      () => true,
      () => false,
    );
    return accepted === (outcome === 'accepted') ? true : undefined;
  });
}

/** Waits until Dovecot hands the login of the canary back as this name. */
async function untilNamed(configFile: string, name: string): Promise<void> {
  const args = ['-c', configFile, 'auth', 'test', canary, 'secret'];
  await eventually(`the canary is called ${name}`, async () => {
    const { stdout } = await run('/usr/bin/doveadm', args);
    // Not `original_user`, which is as it was typed.
    return stdout.split(/\s+/).includes(`user=${name}`) ? true : undefined;
  });
}

async function releaseOnce(
  folder: string,
  signal: AbortSignal,
  release: () => Promise<void>,
): Promise<void> {
  try {
    for await (const _ of watch(folder, { signal, recursive: true })) {
      await release();
      return; // once: what the suspension holds later is not touched
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
