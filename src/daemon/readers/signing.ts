/**
 * Opens what signs: the keys, the domains in From of mail, the reader that signs a message. It is
 * closed at the end of the scope.
 */
import type { Config } from '../../config/schema.ts';
import { signingRulesOf } from '../../config/values.ts';
import type { Accounts } from '../../flow/account/accounts.ts';
import { type ForeignMail, openForeignMail } from '../../flow/authors/foreign-mail.ts';
import { openAuthors } from '../../flow/authors/message-authors.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Notices } from '../../flow/notices/notices.ts';
import type { WeakPasswords } from '../../flow/passwords/passwords-audited.ts';
import { openSigning, type SigningSettings } from '../../flow/signing/message-signed.ts';
import type { Probation } from '../../flow/signing/probation.ts';
import { openSendingDomains } from '../../flow/signing/sending-domains.ts';
import type { Millis } from '../../lib/time.ts';
import type { AuthorRights } from '../../ports/authors.ts';
import type { AuthorsSource, EditSource } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { DaemonParts } from '../base/options.ts';
import { type OpenKeys, openKeys } from './keys.ts';

export type DaemonSigning = {
  readonly keys: OpenKeys;
  readonly source: EditSource;
  readonly probation: Probation;
  /** Who may be shown as the author of what is signed. */
  readonly authors: AuthorsSource;
  readonly foreign: ForeignMail;
  configure(config: Config): void;
};

export function openDaemonSigning(
  { config, host, scope, state, world }: DaemonParts,
  of: {
    readonly journal: Journal;
    readonly notices: Notices;
    readonly rights: AuthorRights;
    readonly iso: (at: Millis) => string;
    readonly troubles: Troubles;
    readonly accounts: Accounts;
    readonly weakPasswords: Pick<WeakPasswords, 'why'>;
  },
): DaemonSigning {
  const settings = settingsOf(config);
  const keys = openKeys({ ...of, world, config, state, host });
  const probation = keys.probation({
    ...of,
    standing(account) {
      const profile = of.accounts.known(account);
      if (profile === undefined) return undefined;
      const { state, firstSeen } = profile;
      return { state, firstSeen, hasWeakPassword: of.weakPasswords.why(account) !== '' };
    },
  });
  const domains = openSendingDomains({ world, journal: of.journal });
  const foreign = openForeignMail({ ...of, world, settings, host });
  const authors = openAuthors({
    settings,
    keys: keys.of,
    rights: of.rights,
    foreign: foreign.seen,
    count: world.count,
  });
  scope.defer(() => {
    foreign.close();
    domains.close();
    probation.close();
    keys.close();
  });
  return {
    keys,
    probation,
    authors,
    foreign,
    source: openSigning({ world, settings, probation, sent: domains.sent }),
    configure(changed) {
      Object.assign(settings, settingsOf(changed));
      keys.configure(changed);
    },
  };
}

function settingsOf(config: Config): SigningSettings {
  const { enabled, foreign, line_length_limit: lineLengthLimit } = config.signing;
  return { enabled, foreign, lineLengthLimit, rules: signingRulesOf(config) };
}
