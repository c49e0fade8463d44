/** Opens what knows the addresses of an account: declarations, tables, the observation. */
import type { LoginDomains } from '../../core/account-name.ts';
import type { MailPlace } from '../../core/authors/place.ts';
import type { Accounts } from '../../flow/account/accounts.ts';
import { openDeclarations } from '../../flow/authors/author-admin.ts';
import { observationNotice } from '../../flow/authors/author-notices.ts';
import { openAuthorRights } from '../../flow/authors/author-rights.ts';
import {
  liveStandings,
  type Observation,
  openObservation,
} from '../../flow/authors/observation.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Notices } from '../../flow/notices/notices.ts';
import { domainsAbove } from '../../formats/message/address.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { askAsThisUser, openMailHomes, openTableAsker } from '../../partners/postfix/author-ask.ts';
import { openAuthorTables } from '../../partners/postfix/author-tables.ts';
import type { PrivilegedTools } from '../../partners/privileged-tools.ts';
import type { AuthorAdmin, AuthorLedger, AuthorRights } from '../../ports/authors.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { ConnectedReader } from '../base/connected.ts';
import type { DaemonParts } from '../base/options.ts';
import { startTimer } from '../base/timers.ts';

export type DaemonAuthors = {
  readonly rights: AuthorRights;
  readonly admin: AuthorAdmin;
  readonly observation: Pick<Observation, 'forgetAddress'>;
  readonly place: () => MailPlace;
  /** A reload: what a database says now is not seen in any file. */
  configure(): void;
};

/** A look is one stat(2) for each file of a table. */
const lookEveryMs = 5 * secondMs;

export function openDaemonAuthors(
  { host, scope, world }: DaemonParts,
  of: {
    readonly ledger: AuthorLedger;
    readonly journal: Journal;
    readonly troubles: Troubles;
    readonly accounts: Accounts;
    readonly notices: Notices;
    readonly localDomains: ReadonlySet<string>;
    readonly loginDomains: LoginDomains;
    readonly connected: ConnectedReader;
    readonly toolsOf: ((directory: string) => PrivilegedTools) | undefined;
    /** Has this domain a key that signs? */
    readonly hasKey: (domain: string) => boolean;
    readonly iso: (at: Millis) => string;
  },
): DaemonAuthors {
  const { accounts, iso, journal, ledger, localDomains, loginDomains, notices, toolsOf } = of;
  const isOurs = (name: string): boolean => localDomains.has(name) || of.hasKey(name);
  const tables = openAuthorTables({
    directories: () => directoriesOf(of.connected),
    // Tables of Postfix that cannot be listed, such as databases, name more than `localDomains`.
    ownDomains: { has: isOurs },
    ask: toolsOf === undefined ? askAsThisUser : openTableAsker(toolsOf),
    homes:
      toolsOf === undefined
        ? undefined
        : openMailHomes(toolsOf(''), { now: world.clock.now, log: world.log }),
    changed: () => rights.changed(),
    log: world.log,
  });
  const observation = openObservation({
    journal,
    stored: ledger,
    world,
    known: (account) => accounts.known(account),
    matters: (domain) => [domain, ...domainsAbove(domain)].some(isOurs),
    signedBefore: () => journal.live.dkimKeys().some(({ state }) => state === 'signing'),
    tell: (what) =>
      notices.send(observationNotice(what, declarations.admin.view(), { host, world, iso })),
  });
  scope.defer(() => observation.close());
  const declarations = openDeclarations({
    stored: ledger,
    journal,
    world,
    logins: loginDomains,
    delimiters: () => tables.place.delimiters,
    observation,
    standings: (since) => liveStandings(journal, since),
    isKnown: (account) => accounts.known(account) !== undefined,
    iso,
  });
  const rights = openAuthorRights({
    tables,
    logins: loginDomains,
    declarations: declarations.now,
    observed: (...about) => observation.observed(...about),
    world,
    trouble: (why) => of.troubles.set('author tables', why),
  });
  scope.defer(() => rights.close());
  void tables.refresh();
  const look = (): void => {
    void tables.refresh();
    rights.look();
  };
  scope.defer(startTimer(lookEveryMs, look));
  return {
    rights,
    admin: declarations.admin,
    observation,
    place: () => tables.place,
    configure: () => rights.changed(),
  };
}

function directoriesOf(connected: ConnectedReader): readonly string[] {
  const known = connected.read();
  const all = known?.instances ?? (known === undefined ? [] : [known]);
  return [...new Set(all.map(({ configDirectory }) => configDirectory))];
}
