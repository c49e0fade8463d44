/**
 * Tells which transports of Postfix deliver here and which lead away, from the parameters and
 * tables that choose them (transport(5), postconf(5)). Pure.
 *
 * The name of a transport alone says nothing: mail for everybody may go by `relay`. So what counts
 * is for which recipients Postfix uses it. It matters only for recipients of domains that cannot be
 * listed, as those in a database: other domains are known by name.
 */

export type TransportFacts = {
  /** Transports for recipients of this server, and those that never send mail. */
  readonly here: readonly string[];
  /** Transports for recipients anywhere. */
  readonly away: readonly string[];
};

export type TransportSettings = {
  /** local_transport and virtual_transport: each a name and a next hop. */
  readonly local: readonly string[];
  /**
   * default_transport, the values of sender_dependent_default_transport_maps, and what
   * transport_maps answers for everybody.
   */
  readonly world: readonly string[];
  /** relay_transport. */
  readonly relay: string;
  /** True if some relay domains cannot be listed, so that relay_transport alone tells them. */
  readonly relayIsUnlisted: boolean;
};

/** These deliver nothing anywhere. */
const nowhere: readonly string[] = ['error', 'retry', 'discard'];

export function transportsOf(settings: TransportSettings): TransportFacts {
  const { local, relay, relayIsUnlisted, world } = settings;
  const away = new Set(world.flatMap(named).filter((name) => !nowhere.includes(name)));
  const here = [...local, ...(relayIsUnlisted ? [relay] : [])].flatMap(named);
  const kept = here.filter((name) => !away.has(name) && !nowhere.includes(name));
  return { here: [...new Set([...nowhere, ...kept])], away: [...away] };
}

/** The name in `smtp:[192.0.2.1]:25`; none in `:[192.0.2.1]`, which changes the next hop alone. */
function named(transport: string): readonly string[] {
  const name = transport.trim().split(':')[0]?.trim() ?? '';
  return name === '' ? [] : [name];
}

/**
 * The transports to which mail does not leave. `configured`: what the settings say, which counts
 * unless Postfix sends everybody's mail by that transport. `relay` is Postfix's transport for
 * relay_domains; where these are known, nothing else may go by it unseen.
 */
export function localTransportsOf(
  configured: readonly string[],
  known: readonly TransportFacts[],
): ReadonlySet<string> {
  if (known.length === 0) return new Set(configured);
  const away = new Set(known.flatMap((one) => one.away));
  const here = [
    ...configured.filter((name) => name !== 'relay'),
    ...known.flatMap((one) => one.here),
  ];
  return new Set(here.filter((name) => !away.has(name)));
}
