/** Opens what signs, and closes it at the end of the scope: the keys, the domains in From of mail, the reader that signs a message. */
import type { Config } from '../../config/schema.ts';
import { signingRulesOf } from '../../config/values.ts';
import type { Accounts } from '../../flow/account/accounts.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Notices } from '../../flow/notices/notices.ts';
import type { WeakPasswords } from '../../flow/passwords/passwords-audited.ts';
import { openSigning, type SigningSettings } from '../../flow/signing/message-signed.ts';
import type { Probation } from '../../flow/signing/probation.ts';
import { openSendingDomains } from '../../flow/signing/sending-domains.ts';
import type { Millis } from '../../lib/time.ts';
import type { EditSource } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { DaemonParts } from '../base/options.ts';
import { type OpenKeys, openKeys } from './keys.ts';

export type DaemonSigning = {
  readonly keys: OpenKeys;
  readonly source: EditSource;
  readonly probation: Probation;
  configure(config: Config): void;
};

export function openDaemonSigning(
  { config, host, scope, state, world }: DaemonParts,
  of: {
    readonly journal: Journal;
    readonly notices: Notices;
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
  scope.defer(() => {
    domains.close();
    probation.close();
    keys.close();
  });
  return {
    keys,
    probation,
    source: openSigning({ world, settings, keys: keys.of, probation, sent: domains.sent }),
    configure(changed) {
      Object.assign(settings, settingsOf(changed));
      keys.configure(changed);
    },
  };
}

function settingsOf(config: Config): SigningSettings {
  const { enabled, line_length_limit: lineLengthLimit } = config.signing;
  return { enabled, lineLengthLimit, rules: signingRulesOf(config) };
}
