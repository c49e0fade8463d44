/** From which addresses Postfix sends mail away (smtp_bind_address, postconf(5)). Pure. */
import { clientAddress } from './client-address.ts';
import { type MainCf, mainValue } from './main-cf.ts';
import type { MasterCf } from './master-cf.ts';
import { expandedValue } from './services.ts';

export type SourceAddresses = {
  /** Addresses that services are bound to. */
  readonly bound: readonly string[];
  /** Families for which a service is not bound: the kernel chooses an address of an interface. */
  readonly free: readonly (4 | 6)[];
  /** Where all mail goes that is not for us, `[relay.example.org]:587`; empty without. */
  readonly relayHost: string;
};

const parameters = [
  [4, 'smtp_bind_address'],
  [6, 'smtp_bind_address6'],
] as const;

export function sourceAddresses(main: MainCf, master: MasterCf): SourceAddresses {
  const clients = master.services.filter(({ command }) => command === 'smtp');
  const protocols = (mainValue(main, 'inet_protocols') ?? 'all').split(/[\s,]+/);
  const speaks = (family: 4 | 6): boolean =>
    protocols.includes('all') || protocols.includes(`ipv${family}`);
  const bound = new Set<string>();
  const free = new Set<4 | 6>();
  for (const client of clients) {
    for (const [family, name] of parameters) {
      if (!speaks(family)) continue;
      const value = expandedValue(main, client, name);
      if (value === '') free.add(family);
      else bound.add(clientAddress(value));
    }
  }
  return { bound: [...bound], free: [...free], relayHost: mainValue(main, 'relayhost') ?? '' };
}
