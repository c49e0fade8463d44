/** Decides at which addresses the doors for Postfix must be. Pure. */
import {
  type DoorName,
  type DoorPlaces,
  oldAddresses,
  sameAddress,
  socketsOf,
} from '../../core/checklist/doors.ts';

export type PlaceFacts = {
  /** doors.milter and doors.policy. */
  readonly settings: { readonly milter: string; readonly policy: string };
  /** Where `auto` is: sockets of each Postfix, or ports of 127.0.0.1. */
  readonly auto: 'sockets' | 'loopback';
  /** Addresses of sockets that systemd opened. */
  readonly activated: readonly string[];
  /** Each connected Postfix. */
  readonly instances: readonly {
    readonly queueDirectory: string;
    /** As its main.cf names them. */
    readonly doors: Readonly<Record<DoorName, string>>;
    readonly proved: boolean;
  }[];
  /** What each main.cf names for Postern; undefined for one that cannot be read. */
  readonly asked: readonly (DoorPlaces | undefined)[];
  /** `connect` of version 0.1 wrote an address into main.cf. */
  readonly connectedBefore: boolean;
  /** Addresses that are open now. */
  readonly open: DoorPlaces;
};

export function wantedPlaces(facts: PlaceFacts): DoorPlaces {
  const { milter, policy } = facts.settings;
  return {
    milter: milter === 'auto' ? automatic('milter', facts) : fixed(milter),
    inbound: milter === 'auto' && facts.auto === 'sockets' ? automatic('inbound', facts) : [],
    policy: policy === 'auto' ? automatic('policy', facts) : fixed(policy),
  };
}

const fixed = (address: string): readonly string[] => (address === 'off' ? [] : [address]);

function automatic(name: DoorName, facts: PlaceFacts): readonly string[] {
  const old = name === 'inbound' ? undefined : oldAddresses[name];
  if (facts.auto === 'loopback') return old === undefined ? [] : [old];
  // An instance that 0.1 connected has no sockets yet.
  const sockets = facts.instances.flatMap(({ doors, queueDirectory }) => {
    const socket = socketsOf(queueDirectory)[name];
    return sameAddress(doors[name], queueDirectory) === socket ? [socket] : [];
  });
  const opened = facts.activated.filter((address) => address.endsWith(`/postern/${name}`));
  const stillOld = old !== undefined && keepsOld(name, old, facts) ? [old] : [];
  return [...new Set([...sockets, ...opened, ...stillOld])];
}

/**
 * The door stays at an address of version 0.1 while a main.cf names it, or may name it. An open one
 * also stays until each connected Postfix has proved its sockets with a message.
 */
function keepsOld(name: DoorName, old: string, facts: PlaceFacts): boolean {
  if (facts.asked.some((asked) => asked?.[name].includes(old))) return true;
  const isOpen = facts.open[name].includes(old);
  const isUnread = facts.asked.some((asked) => asked === undefined);
  if (isUnread) return isOpen || facts.connectedBefore;
  return isOpen && facts.instances.some(({ proved }) => !proved);
}
