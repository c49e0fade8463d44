/**
 * Finds out whether Postfix's password service tells joe@one.example and joe@two.example apart.
 * Dovecot does, and hands back its own name. saslauthd, as Debian starts it, does not.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asksSaslauthd, ignoresRealms } from '../../formats/postfix/sasl.ts';
import { wordsOf } from './lists.ts';
import { postconfValues } from './postconf.ts';

/** How the logins of one account are recognised; for a service that ignores domains. */
export type LoginFacts = {
  /** smtpd_sasl_local_domain; empty if Postfix adds none. */
  readonly defaultDomain: string;
  /** Domains that count. */
  readonly domains: readonly string[];
};

/** Behind the folder of Debian's Postfix, in its configuration folder. */
const usualFolders = ['/etc/sasl2', '/usr/lib/sasl2'];
const defaultsFolder = '/etc/default';

/** Undefined if the password service looks at the domain of a login, or nobody logs in. */
export async function readLogins(configDirectory: string): Promise<LoginFacts | undefined> {
  const values = await postconfValues(
    ['smtpd_sasl_type', 'smtpd_sasl_path', 'smtpd_sasl_local_domain', 'cyrus_sasl_config_path'],
    configDirectory,
  );
  if (values.smtpd_sasl_type !== 'cyrus') return undefined;
  const folders = [
    ...wordsOf(values.cyrus_sasl_config_path.replaceAll(':', ' ')),
    ...[join(configDirectory, 'sasl'), ...usualFolders],
  ];
  const name = `${values.smtpd_sasl_path || 'smtpd'}.conf`;
  const conf = await firstText(folders.map((folder) => join(folder, name)));
  if (!asksSaslauthd(conf) || !(await anyIgnoresRealms())) return undefined;
  const domain = values.smtpd_sasl_local_domain.toLowerCase();
  return { defaultDomain: domain, domains: domain === '' ? [] : [domain] };
}

/** Debian starts a saslauthd for each file; which of them Postfix asks, only its socket tells. */
async function anyIgnoresRealms(): Promise<boolean> {
  const names = await readdir(defaultsFolder).catch(() => []);
  const files = names.filter((name) => /^saslauthd(?:-\w+)?$/.test(name));
  const texts = await Promise.all(
    files.map((name) => readFile(join(defaultsFolder, name), 'utf8').catch(() => undefined)),
  );
  const read = texts.filter((text) => text !== undefined && isStarted(text));
  return read.some((text) => text !== undefined && ignoresRealms(text));
}

/** Debian 11 and before start it only with START=yes. */
function isStarted(defaults: string): boolean {
  return !/^\s*START=["']?no/m.test(defaults);
}

/** The text of the first of these files that can be read; empty if none can. */
async function firstText(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return '';
}
