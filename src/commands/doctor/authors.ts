/** What doctor checks about authors: accounts for keys, foreign mail, observation. */
import type { Config } from '../../config/schema.ts';
import { checkAuthors } from '../../core/checklist/signing/authors.ts';
import type { Finding } from '../../core/finding.ts';
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { listEntries, mailOrigin, tableEntries, wordsOf } from '../../partners/postfix/lists.ts';
import { postconf, postconfValues } from '../../partners/postfix/postconf.ts';
import type { ForeignMailView, KeyView } from '../../ports/admin.ts';
import type { AuthorsView } from '../../ports/authors.ts';
import { guardAnswer } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';
import { askGuard } from './guard.ts';

/** Accounts that are looked at; tables name the others. */
const accountsMax = 1_000;
/** Foreign mail counts as of lately for as long as an observation. */
const latelyMs = 14 * dayMs;

/** Nothing without a guard to ask. */
export async function authors(
  { signing }: Config,
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  if (live === undefined) return [];
  const view = (await askGuard(live, '/api/authors')) as AuthorsView | undefined;
  const keys = (await askGuard(live, '/api/dkim'))?.['keys'] as readonly KeyView[] | undefined;
  if (!Array.isArray(view?.declarations) || keys === undefined) return [];
  const seen = await guardAnswer(live, `/api/accounts?limit=${accountsMax}`);
  const accounts = Array.isArray(seen) ? (seen as readonly { readonly account: string }[]) : [];
  const now = Date.now() as Millis;
  const tables = await namedInTables(configDir);
  const sent = accounts.map(({ account }) => domainOf(account.replace(/^local:/, '')));
  return checkAuthors({
    domains: [...new Set(keys.filter(({ state }) => state !== 'gone').map((one) => one.domain))],
    logins: new Set([...tables.domains, ...sent]),
    declared: view.declarations
      .filter(({ removedAt }) => typeof removedAt !== 'number')
      .map(({ address }) => address),
    machine: new Set([...tables.machine, signing.identity]),
    unlisted: tables.unlisted,
    foreign: signing.foreign,
    observedUntil: view.observation.isRunning ? view.observation.until : undefined,
    writers: await writers(live, now),
    now,
  });
}

/** Accounts whose mail was foreign in the last days, as the guard remembers them. */
async function writers(
  live: RunFile,
  now: Millis,
): Promise<readonly { readonly account: string; readonly messages: number }[]> {
  const pairs = (await askGuard(live, '/api/status'))?.['foreign'];
  if (!Array.isArray(pairs)) return [];
  const late = (pairs as readonly ForeignMailView[]).filter((one) => now - one.lastAt < latelyMs);
  return [...Map.groupBy(late, ({ account }) => account)].map(([account, some]) => ({
    account,
    messages: some.reduce((sum, { messages }) => sum + messages, 0),
  }));
}

type Named = {
  readonly domains: readonly string[];
  readonly machine: readonly string[];
  readonly unlisted: readonly string[];
};

/** Domains for which tables of Postfix name an account. Nothing where there is no Postfix. */
async function namedInTables(configDir: string | undefined): Promise<Named> {
  try {
    const directory = configDir ?? (await postconf('config_directory', undefined));
    const maps = ['virtual_mailbox_maps', 'virtual_alias_maps', 'smtpd_sender_login_maps'] as const;
    const names = ['myhostname', 'myorigin', 'mydestination', ...maps] as const;
    const values = await postconfValues(names, directory);
    const [domains, unlisted]: [string[], string[]] = [[], []];
    for (const table of maps.flatMap((name) => wordsOf(values[name]))) {
      const entries = await tableEntries(table, directory).catch(() => undefined);
      if (entries === undefined) unlisted.push(table);
      for (const { key } of entries ?? []) domains.push(domainOf(key.toLowerCase()));
    }
    // Users of this machine may write as the domains of mydestination.
    const local = wordsOf(values.mydestination).map((word) =>
      listEntries(word, directory).catch(() => undefined),
    );
    const origin = await mailOrigin(values.myorigin, directory);
    const own = (await Promise.all(local)).flatMap((names) => names ?? []);
    const machine = [values.myhostname, origin, ...own].map((name) => name.toLowerCase());
    return { domains, machine, unlisted };
  } catch {
    return { domains: [], machine: [], unlisted: ['the tables of Postfix'] };
  }
}
