/**
 * The mail server beside us: whose queue tools and whose logins. What `postern connect` found out about it lies in
 * `postfix.json` in the state folder, looked at each second and read anew when it changes: no restart is needed after
 * connecting.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log, LoginDoor, Mta } from '../ports.ts';
import { dovecot } from './dovecot.ts';
import { type Hands, helperHands, ownHands } from './hands.ts';
import { postfix } from './postfix.ts';

/** What of the configuration this needs. */
type MailServerConfig = {
  readonly accounts: { readonly default_domain: string };
  readonly postfix: {
    readonly config_directory: string;
    readonly queue: 'auto' | 'direct' | 'helper' | 'off';
    readonly helper_socket: string;
  };
  readonly dovecot: { readonly deny_file: string; readonly config: string };
};

/** What `postern connect postfix` writes for the guard. */
export type ConnectedPostfix = {
  readonly configDirectory: string;
  /** Domains that this Postfix delivers itself. */
  readonly localDomains: readonly string[];
};
const connected: z.ZodType<ConnectedPostfix> = z.object({
  configDirectory: z.string().startsWith('/'),
  localDomains: z.array(z.string().max(255)).max(100_000),
});

/** Name of that file in the state folder. */
export const connectedFile = 'postfix.json';

/** `connect` has just said that all is well: mail from then on is judged with the domains that it found. */
const lookEveryMs = 1_000;

export function openMailServer(options: {
  readonly config: MailServerConfig;
  readonly state: string;
  readonly log: Log;
  /** Domains found are added. */
  readonly localDomains: Set<string>;
}): { mta: Mta | undefined; logins: LoginDoor | undefined; close(): void } {
  const { config, localDomains, log, state } = options;
  const found = connectedReader(join(state, connectedFile), localDomains, log);
  found();
  const looking = setInterval(found, lookEveryMs);
  looking.unref();
  const way = wayOf(config.postfix.queue, config.postfix.helper_socket);
  const own = (): Hands => {
    const postfixConfig =
      config.postfix.config_directory === ''
        ? found()?.configDirectory
        : config.postfix.config_directory;
    return ownHands({
      ...(postfixConfig === undefined ? {} : { postfixConfig }),
      ...(config.dovecot.config === '' ? {} : { dovecotConfig: config.dovecot.config }),
    });
  };
  const hands: Hands =
    way === 'helper'
      ? helperHands(config.postfix.helper_socket)
      : { run: (verb, names, signal) => own().run(verb, names, signal) };
  const denyFile = config.dovecot.deny_file;
  const defaultDomain = config.accounts.default_domain;
  return {
    mta: way === 'off' ? undefined : postfix({ hands }),
    logins:
      denyFile === ''
        ? undefined
        : dovecot({ hands, denyFile, ...(defaultDomain === '' ? {} : { defaultDomain }) }),
    close: () => clearInterval(looking),
  };
}

function wayOf(
  wanted: MailServerConfig['postfix']['queue'],
  socket: string,
): 'direct' | 'helper' | 'off' {
  if (wanted !== 'auto') return wanted;
  if (process.getuid?.() === 0) return existsSync('/usr/sbin/postsuper') ? 'direct' : 'off';
  return existsSync(socket) ? 'helper' : 'off';
}

/** Reads the file when it has changed. */
function connectedReader(
  path: string,
  localDomains: Set<string>,
  log: Log,
): () => ConnectedPostfix | undefined {
  let changed = 0;
  let known: ConnectedPostfix | undefined;
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      known = undefined;
      return known;
    }
    if (stat.mtimeMs === changed) return known;
    changed = stat.mtimeMs;
    try {
      known = connected.parse(JSON.parse(readFileSync(path, 'utf8')));
      for (const domain of known.localDomains) localDomains.add(domain.toLowerCase());
      log('info', 'postfix.connected', { path, localDomains: known.localDomains.length });
    } catch (error) {
      known = undefined;
      log('warn', 'postfix.unread', { path, why: String(error) });
    }
    return known;
  };
}
