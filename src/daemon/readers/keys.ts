/**
 * Opens the DKIM keys with what their rotation needs: files, a resolver, nsupdate. For the daemon,
 * and for commands where no daemon runs.
 */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { ProbationPolicy } from '../../core/signing/probation/plan.ts';
import type { RotationPolicy } from '../../core/signing/rotation.ts';
import type { SigningKeysDeps } from '../../flow/signing/key-keeper.ts';
import { openSigningKeys, type SigningKeys } from '../../flow/signing/signing-keys.ts';
import { openAuthorities } from '../../partners/dns/authority.ts';
import { openNsupdate } from '../../partners/dns/nsupdate.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import { updatableZones } from '../../partners/dns/zone-updates.ts';
import { openKeyFiles } from '../../partners/keys/key-files.ts';
import { openKeyZone } from '../../partners/keys/key-zone.ts';
import type { KeyZone } from '../../ports/keys.ts';
import { duration } from '../base/settings.ts';

type Given = Omit<SigningKeysDeps, 'files' | 'zone' | 'policy' | 'probation'> & {
  readonly config: Config;
  readonly state: string;
};

export type OpenKeys = SigningKeys & {
  /** Takes over the changed settings that need no restart. */
  configure(config: Config): void;
};

export function openKeys({ config, state, ...deps }: Given): OpenKeys {
  let policy = rotationPolicy(config);
  let probation = probationPolicy(config);
  const { zone, close } = keyZone(config, deps);
  const files = openKeyFiles(keysFolder(config, state));
  const keys = openSigningKeys({
    ...deps,
    files,
    zone,
    policy: () => policy,
    probation: () => probation,
  });
  return {
    ...keys,
    configure(changed) {
      policy = rotationPolicy(changed);
      probation = probationPolicy(changed);
      keys.reload();
    },
    close() {
      keys.close();
      close();
    },
  };
}

export function keysFolder({ signing }: Config, state: string): string {
  return signing.keys_folder === '' ? join(state, 'keys') : signing.keys_folder;
}

function keyZone(
  { dns, signing }: Config,
  { world }: Pick<SigningKeysDeps, 'world'>,
): { readonly zone: KeyZone; close(): void } {
  const totalMs = duration(dns.timeout);
  const resolve = openResolver({ ...dnsServers(dns.servers), clock: world.clock, totalMs });
  const authorities = openAuthorities({ resolve, port: dns.authority_port });
  const updates = dns.updates.flatMap((one) => {
    const update = openNsupdate({ server: one.server, keyFile: one.key_file });
    return updatableZones([one]).map(({ zone }) => ({ zone, update }));
  });
  const ttlSeconds = duration(dns.ttl) / 1_000;
  const probationTtlSeconds = Math.ceil(duration(signing.probation.ttl) / 1_000);
  return {
    zone: openKeyZone({ resolve, authorities, updates, ttlSeconds, probationTtlSeconds }),
    close: () => resolve[Symbol.dispose](),
  };
}

function rotationPolicy({ signing }: Config): Omit<RotationPolicy, 'heldSince'> {
  const { every, settle, withdraw_after, remove_after } = signing.rotation;
  return {
    everyMs: duration(every),
    settleMs: duration(settle),
    withdrawAfterMs: duration(withdraw_after),
    removeAfterMs: duration(remove_after),
  };
}

function probationPolicy({ signing }: Config): ProbationPolicy {
  const { enabled, expires, keys_max: keysMax, new_for, spare } = signing.probation;
  return {
    enabled: signing.enabled && enabled,
    newForMs: duration(new_for),
    expiresMs: duration(expires),
    spare,
    keysMax,
  };
}
