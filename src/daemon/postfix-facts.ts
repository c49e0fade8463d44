/**
 * What the guard knows of each connected Postfix: what `connect` told, brought up to date while the
 * guard runs. A panel adds and removes domains; so the guard asks Postfix again when main.cf or one
 * of its tables has changed.
 *
 * `connect` runs as root and reads more than the guard. What the guard cannot read stays as
 * `connect` told it.
 */
import type { TransportFacts } from '../formats/postfix/transports.ts';
import { faultText } from '../lib/error-text.ts';
import { secondMs } from '../lib/time.ts';
import { filesNow, readWithState } from '../partners/postfix/files.ts';
import type { LoginFacts } from '../partners/postfix/logins.ts';
import type { FilterUser, MailFacts } from '../partners/postfix/mail-facts.ts';
import type { Log } from '../ports/world.ts';
import { type ConnectedPostfix, localDomainsMax } from './base/connected.ts';

/** A look is one stat(2) for each file. */
export const askEveryMs: number = 5 * secondMs;
/** Looks until Postfix is asked again that could not be asked: a minute. */
const looksMax = 12;

export type KnownPostfix = {
  readonly localDomains: readonly string[];
  /** Undefined if nobody asked for them. */
  readonly clientNetworks: readonly string[] | undefined;
  readonly ways: readonly TransportFacts[];
  readonly filterUsers: readonly FilterUser[];
  readonly logins: LoginFacts | undefined;
};

type Told = {
  readonly configDirectory: string;
  readonly localDomains: readonly string[];
  readonly clientNetworks?: readonly string[] | undefined;
  readonly transports?: TransportFacts | undefined;
  readonly filterUsers?: readonly FilterUser[] | undefined;
  readonly logins?: LoginFacts | undefined;
};

export function openPostfixFacts(of: {
  learn(all: readonly KnownPostfix[]): void;
  read(configDirectory: string): Promise<MailFacts>;
  readonly log: Log;
}): {
  /** Takes what `connect` wrote; undefined: nothing is connected. */
  told(known: ConnectedPostfix | undefined): void;
  /** Asks Postfix where something has changed. Does nothing while it asks already. */
  ask(): Promise<void>;
} {
  const { learn, log, read } = of;
  let told: readonly Told[] = [];
  let asking = false;
  const fresh = new Map<string, MailFacts>();
  /** What the files were when they were read, by configuration folder. */
  const seen = new Map<string, string>();
  /** Looks since Postfix could not be asked. */
  const looks = new Map<string, number>();
  const tell = (): void => {
    learn(told.map((one) => upToDate(one, fresh.get(one.configDirectory))));
  };
  tell();
  const askOne = async ({ configDirectory }: Told): Promise<void> => {
    const main = `${configDirectory}/main.cf`;
    const known = await filesNow(fresh.get(configDirectory)?.files ?? [main]);
    const since = looks.get(configDirectory);
    if (seen.get(configDirectory) === known.state) {
      if (since === undefined) return;
      looks.set(configDirectory, since + 1);
      if (since < looksMax) return;
    }
    try {
      const { found, state } = await readWithState(known, () => read(configDirectory));
      fresh.set(configDirectory, found);
      seen.set(configDirectory, state);
      looks.delete(configDirectory);
      tell();
      const localDomains = found.localDomains.length;
      log('info', 'postfix.asked', { configDirectory, localDomains });
    } catch (error) {
      // The machine may have been busy.
      seen.set(configDirectory, known.state);
      looks.set(configDirectory, 1);
      if (since === undefined)
        log('warn', 'postfix.not-asked', { configDirectory, why: faultText(error) });
    }
  };
  return {
    told(known) {
      told = known?.instances ?? (known === undefined ? [] : [known]);
      // What `connect` wrote just now is newer than what was read before.
      fresh.clear();
      seen.clear();
      looks.clear();
      tell();
    },
    async ask() {
      if (asking) return;
      asking = true;
      try {
        for (const one of told) await askOne(one);
      } finally {
        asking = false;
      }
    },
  };
}

function upToDate(told: Told, now: MailFacts | undefined): KnownPostfix {
  const { clientNetworks, filterUsers = [], localDomains, logins, transports } = told;
  const ways = transports === undefined ? [] : [transports];
  if (now === undefined) return { localDomains, clientNetworks, ways, filterUsers, logins };
  const { unread } = now;
  const domains = unread.domains.length === 0 ? [] : localDomains;
  return {
    localDomains: [...now.localDomains, ...domains].slice(0, localDomainsMax),
    clientNetworks: unread.clients.length === 0 ? now.clientNetworks : clientNetworks,
    // Where the guard may not read the files of SASL, it sees no reason to join logins.
    logins: now.logins ?? logins,
    // From master.cf and tables: the guard may not see all that root sees, and adds nothing.
    filterUsers: unread.filters.length === 0 ? now.filterUsers : filterUsers,
    ways: unread.transports.length === 0 ? [now.transports] : [...ways, now.transports],
  };
}
