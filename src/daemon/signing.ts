/**
 * The part of the daemon that signs: keys, settings that change while it runs, the reader for the
 * milter door.
 */
import type { Config } from '../config/schema.ts';
import { signingRulesOf } from '../config/values.ts';
import { openSigning, type SigningSettings } from '../flow/signing/message-signed.ts';
import { openSendingDomains } from '../flow/signing/sending-domains.ts';
import type { MessageReading } from '../ports/message.ts';
import type { Count } from '../ports/world.ts';
import { type OpenKeys, openKeys } from './keys.ts';

export type DaemonSigning = {
  readonly keys: OpenKeys;
  readonly reading: MessageReading;
  configure(config: Config): void;
  close(): void;
};

export function openDaemonSigning(
  deps: Parameters<typeof openKeys>[0] & { readonly count: Count },
): DaemonSigning {
  const settings = settingsOf(deps.config);
  const keys = openKeys(deps);
  const domains = openSendingDomains(deps);
  return {
    keys,
    reading: openSigning({ ...deps, settings, keys: keys.of, sent: domains.sent }),
    configure(changed) {
      Object.assign(settings, settingsOf(changed));
      keys.configure(changed);
    },
    close() {
      domains.close();
      keys.close();
    },
  };
}

function settingsOf(config: Config): SigningSettings {
  const { enabled, line_length_limit: lineLengthLimit } = config.signing;
  return { enabled, lineLengthLimit, rules: signingRulesOf(config) };
}
