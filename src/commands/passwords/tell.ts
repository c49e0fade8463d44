/**
 * `postern passwords notify`, `require-change` and `forget`: tells the owners of weak passwords,
 * has passwords changed, and takes accounts off the list that no audit will see again.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { mailServerOf } from '../../config/values.ts';
import { loginOf } from '../../core/passwords/audit-report.ts';
import { ownerMail, ownTemplates } from '../../core/passwords/owner-mail.ts';
import { strengthText } from '../../core/passwords/strength.ts';
import type { WeakPassword } from '../../core/passwords/weak.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openOutbox } from '../../partners/notices/outbox.ts';
import { programOutput } from '../../partners/program.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { dayText, many } from '../terminal/format.ts';
import { jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { openPasswordStore, type PasswordStore } from './store.ts';

export type WeakOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly again?: true;
  readonly dryRun?: true;
  readonly all?: true;
  readonly source?: readonly string[];
  readonly json?: true;
};

/** Milliseconds that the command for one account may take. */
const changeMs = 30_000;

export async function notifyCommand(
  names: readonly string[],
  options: WeakOptions,
  command: Command,
): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const store = await openPasswordStore(options.state, config.accounts.default_domain);
  const weak = await chosen(store, names);
  const waiting = weak.filter(({ toldAt }) => options.again === true || toldAt === undefined);
  const host = config.host === '' ? hostname() : config.host;
  const templates = templatesOf(config);
  const outbox = openOutbox(mailServerOf(config, host));
  const told: WeakPassword[] = [];
  for (const one of waiting) {
    const to = ownerOf(one, config, host);
    const mail = ownerMail(templates, { account: one.login, host, contact: config.contact });
    if (options.dryRun === true) {
      print(command, `To: ${to}\nSubject: ${mail.subject}\n\n${mail.body}\n`);
      continue;
    }
    try {
      await outbox.send({ to: [to], ...mail });
      told.push(one);
      await store.note({ told: [loginOf(one)] });
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      warn(command, `postern: ${one.login} was not told: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  if (options.dryRun === true) return;
  if (weak.length > 0 && config.notices.mail_to.length > 0) {
    await outbox.send({ to: config.notices.mail_to, ...summaryMail(weak, told, host) });
  }
  const done = { ok: true, text: `${many(told.length, 'owner')} told`, count: told.length };
  print(command, options.json === true ? jsonLine(done) : `${done.text}\n`);
}

function ownerOf({ account, login }: WeakPassword, { accounts }: Config, host: string): string {
  if (account.includes('@')) return account;
  return `${login}@${accounts.default_domain === '' ? host : accounts.default_domain}`;
}

function templatesOf({ passwords }: Config): readonly string[] {
  return passwords.languages.map((language) => {
    if (passwords.templates !== '') {
      const path = join(passwords.templates, `${language}.txt`);
      try {
        return readFileSync(path, 'utf8');
      } catch (cause) {
        throw new OperatorError('template-unread', `cannot read ${path}`, {
          cause,
          hint: 'passwords.templates needs a file LANGUAGE.txt for each of passwords.languages',
          exit: sysexits.config,
        });
      }
    }
    const own = ownTemplates[language];
    if (own !== undefined) return own;
    throw new OperatorError('template-unread', `Postern has no text in the language ${language}`, {
      hint: `it has ${Object.keys(ownTemplates).join(', ')}; for others, set passwords.templates`,
      exit: sysexits.config,
    });
  });
}

function summaryMail(
  weak: readonly WeakPassword[],
  told: readonly WeakPassword[],
  host: string,
): { readonly subject: string; readonly body: string } {
  const lines = weak.map(
    ({ login, source, strength, by, since }) =>
      `* ${login} (${source}): ${strengthText(strength, by)}, since ${dayText(since)}`,
  );
  const toldNow = `${many(told.length, 'owner')} told now.`;
  const next = 'To have one changed: postern passwords require-change NAME';
  return {
    subject: `${many(weak.length, 'weak password')} on ${host}`,
    body: `${lines.join('\n')}\n\n${toldNow} ${next}\n`,
  };
}

export async function requireChangeCommand(
  names: readonly string[],
  options: WeakOptions,
  command: Command,
): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const [program, ...args] = config.passwords.require_change_command;
  if (program === undefined || !program.startsWith('/')) {
    throw new OperatorError('no-change-command', 'passwords.require_change_command is not set', {
      hint: 'for system accounts: ["/usr/bin/chage", "-d", "0", "{account}"]',
      exit: sysexits.config,
    });
  }
  if (names.length === 0 && options.all !== true) {
    throw new OperatorError('usage', 'name accounts, or give --all', { exit: sysexits.usage });
  }
  const store = await openPasswordStore(options.state, config.accounts.default_domain);
  const done: string[] = [];
  for (const { login } of await chosen(store, names)) {
    const words = args.map((word) => word.replaceAll('{account}', login));
    const signal = AbortSignal.timeout(changeMs);
    if (login.startsWith('-')) {
      warn(command, `postern: ${login}: skipped, because a name with a dash would be an option\n`);
      process.exitCode = 1;
      continue;
    }
    try {
      await programOutput({ program, args: words, signal, errors: 'complaint' });
      done.push(login);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      warn(command, `postern: ${login}: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  const text = `${many(done.length, 'account')} must change the password`;
  const answer = { ok: true, text, count: done.length, accounts: done };
  print(command, options.json === true ? jsonLine(answer) : `${text}\n`);
}

/** Takes accounts off the list, so that the guard trusts them again. */
export async function forgetCommand(
  names: readonly string[],
  options: WeakOptions,
  command: Command,
): Promise<void> {
  const { source: sources = [] } = options;
  if (names.length === 0 && sources.length === 0) {
    throw new OperatorError('usage', 'name accounts, or give --source', { exit: sysexits.usage });
  }
  const { config } = loadConfig(options.config ?? usualConfig());
  const store = await openPasswordStore(options.state, config.accounts.default_domain);
  const changed = (await chosen(store, names))
    .filter(({ source }) => sources.length === 0 || sources.includes(source))
    .map(loginOf);
  if (changed.length > 0) await store.note({ changed });
  const text = `${many(changed.length, 'account')} forgotten`;
  const done = { ok: true, text, count: changed.length, accounts: changed };
  print(command, options.json === true ? jsonLine(done) : `${text}\n`);
}

/** The weak accounts with these names, or all. */
async function chosen(
  store: PasswordStore,
  names: readonly string[],
): Promise<readonly WeakPassword[]> {
  const { weak } = await store.read();
  if (names.length === 0) return weak;
  const found = weak.filter(
    ({ login, account }) => names.includes(login) || names.includes(account),
  );
  const missing = names.filter(
    (name) => !found.some(({ login, account }) => login === name || account === name),
  );
  if (missing.length === 0) return found;
  throw new OperatorError('no-such', `${missing.join(', ')}: not known to have a weak password`, {
    hint: 'see the weak ones: postern passwords list --weak',
    exit: sysexits.noUser,
  });
}
