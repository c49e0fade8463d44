/**
 * Decides whether a peer may connect to a door that only the mail server may use. On a Unix socket
 * the kernel tells the user at the other end. On TCP, a connection from this machine is known by
 * both of its ends in the kernel's table of sockets; a peer elsewhere is known by its address.
 *
 * Membership of a group proves nothing: a peer is its user.
 */
import { clientAddress } from '../../formats/postfix/client-address.ts';
import type { Admission, Arrival } from '../../lib/listener.ts';
import { minuteMs } from '../../lib/time.ts';
import type { SocketEnd, SocketOwner, SocketOwners } from '../../ports/scripts.ts';
import type { Count, Log } from '../../ports/world.ts';
import { peerUid } from './peer-credentials.ts';

export type PeerCheckDeps = {
  /** Users who may connect; root always may. */
  readonly allowedUids: () => ReadonlySet<number>;
  /** Users of the mail server, who may take all places of a door; root is one of them. */
  readonly trustedUids: () => ReadonlySet<number>;
  /** Whether a peer on another machine may connect. */
  readonly isAllowedAddress: (address: string) => boolean;
  readonly owners: SocketOwners;
  readonly count: Count;
  readonly log: Log;
  /** Only counts up and is never set back. */
  readonly nowMs?: () => number;
};

export type PeerCheck = {
  /** Makes the `admit` hook of a door (lib/listener.ts). */
  admit(door: string): (arrival: Arrival) => Admission | Promise<Admission>;
};

/** Why no user is known: the peer is on another machine, or the kernel does not tell. */
type NoUser = 'remote' | 'unknown';

const root = 0;
/**
 * Users that are counted and logged by their number; the rest are `other`. Times the doors, this is
 * less than one metric may have values (lib/counters.ts).
 */
const namedMax = 12;
/**
 * How often a connection is looked for that is not in the table. While other connections begin and
 * end, the kernel may leave a row out of a table that it writes in pieces.
 */
const looksMax = 3;

export function openPeerCheck(deps: PeerCheckDeps): PeerCheck {
  const noted = refusals(deps);
  return {
    admit: (door) => (arrival) => {
      const { ends, fd } = arrival;
      if (ends === undefined) {
        const uid = peerUid(fd);
        const owner = uid === undefined ? 'unknown' : { uids: [uid] };
        return noted(door, ofOwner(owner, deps), 'unknown');
      }
      const peer = bare(ends.remote);
      const without = deps.owners.isHere(peer.address) ? 'unknown' : 'remote';
      return byEnds(peer, bare(ends.local), deps).then((admission) =>
        noted(door, admission, without),
      );
    },
  };
}

/** The address without its interface (`fe80::1%eth0`); IPv4 inside IPv6 as IPv4. */
function bare({ address, port }: SocketEnd): SocketEnd {
  return { address: clientAddress(address.replace(/%.*$/, '')), port };
}

async function byEnds(peer: SocketEnd, here: SocketEnd, deps: PeerCheckDeps): Promise<Admission> {
  const { isAllowedAddress, owners } = deps;
  const isHere = owners.isHere(peer.address);
  if (!isHere && !isAllowedAddress(peer.address)) {
    return { kind: 'refused', why: `${peer.address} is not in doors.allowed_clients` };
  }
  // Also for addresses of other machines: a program here may use one that this machine got a moment
  // ago, or that is only routed to it.
  const owner = await ownerOfConnection(peer, here, { owners, looks: isHere ? looksMax : 1 });
  if (owner === 'elsewhere' && !isHere) {
    return { kind: 'admitted', peer: peer.address, trusted: false };
  }
  return ofOwner(owner, deps);
}

async function ownerOfConnection(
  peer: SocketEnd,
  here: SocketEnd,
  { owners, looks }: { readonly owners: SocketOwners; readonly looks: number },
): Promise<SocketOwner> {
  let owner: SocketOwner = 'elsewhere';
  for (let look = 0; look < looks && owner === 'elsewhere'; look++) {
    owner = await owners.of(peer, here);
  }
  return owner;
}

function ofOwner(owner: SocketOwner, { allowedUids, trustedUids }: PeerCheckDeps): Admission {
  if (typeof owner === 'string') return { kind: 'refused', why: reasons[owner] };
  const allowed = allowedUids();
  const stranger = owner.uids.find((uid) => uid !== root && !allowed.has(uid));
  if (stranger !== undefined) {
    return { kind: 'refused', uid: stranger, why: 'this user is not in doors.allowed_users' };
  }
  const trusted = trustedUids();
  return {
    kind: 'admitted',
    peer: `uid ${owner.uids.join(', ')}`,
    trusted: owner.uids.every((uid) => uid === root || trusted.has(uid)),
  };
}

const reasons: Readonly<Record<Extract<SocketOwner, string>, string>> = {
  closed: 'its program closed the connection, so its user is not known',
  unknown: 'the kernel does not say which user it is',
  elsewhere: 'the connection is not in the kernel table of sockets',
};

/** Counts refusals and logs each user once a minute. `without`: why no user is known. */
function refusals({
  count,
  log,
  nowMs = () => performance.now(),
}: PeerCheckDeps): (door: string, admission: Admission, without: NoUser) => Admission {
  const seen = new Map<string, { sinceMs: number; leftOut: number }>();
  return (door, admission, without) => {
    if (admission.kind === 'admitted') return admission;
    const user = admission.uid ?? without;
    const label = seen.has(`${user}`) || seen.size < namedMax ? `${user}` : 'other';
    count('postern_refused_peers_total', 1, `${door} ${label}`);
    const now = nowMs();
    const before = seen.get(label);
    if (before !== undefined && now - before.sinceMs < minuteMs) {
      before.leftOut++;
      return admission;
    }
    const leftOut = before?.leftOut ?? 0;
    seen.set(label, { sinceMs: now, leftOut: 0 });
    const fields = { door, uid: user, why: admission.why };
    log('warn', 'peer.refused', leftOut === 0 ? fields : { ...fields, leftOut });
    return admission;
  };
}
