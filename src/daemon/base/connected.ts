/**
 * Reads `postfix.json` in the state folder: what `postern connect postfix` found out about each
 * Postfix on this machine. The guard looks at that file each second, so that no restart is needed
 * after connecting.
 */
import { readFileSync, statSync } from 'node:fs';
import * as z from 'zod';
import type { TransportFacts } from '../../formats/postfix/transports.ts';
import type { LoginFacts } from '../../partners/postfix/logins.ts';
import type { FilterUser } from '../../partners/postfix/mail-facts.ts';
import type { Log } from '../../ports/world.ts';

/** One Postfix that `connect` put the doors into. */
export type ConnectedInstance = {
  readonly configDirectory: string;
  readonly queueDirectory: string;
  /** The uid that Postfix's processes run as (mail_owner). */
  readonly mailOwner: number;
  readonly localDomains: readonly string[];
  readonly clientNetworks: readonly string[];
  /**
   * Which transports deliver here and which lead away (formats/postfix/transports.ts). Undefined if
   * the file was written by a version that did not ask.
   */
  readonly transports?: TransportFacts | undefined;
  /** Users of filters that hand mail back through sendmail(1); undefined from an older version. */
  readonly filterUsers?: readonly FilterUser[] | undefined;
  /** Undefined if logins with different domains are different accounts. */
  readonly logins?: LoginFacts | undefined;
  /** As written in main.cf: `unix:postern/milter`, `inet:127.0.0.1:9900`, `off`. */
  readonly doors: { readonly milter: string; readonly inbound: string; readonly policy: string };
  /** A message has come through these doors. */
  readonly proved: boolean;
};

/** What `postern connect postfix` writes for the guard. */
export type ConnectedPostfix = {
  readonly configDirectory: string;
  /**
   * Domains that this Postfix delivers for, or accepts from anybody to pass them on
   * (formats/postfix/own-domains.ts).
   */
  readonly localDomains: readonly string[];
  /**
   * The mynetworks of this Postfix, as rules of formats/postfix/network-list.ts. Undefined if the
   * file was written by a version that did not ask for them.
   */
  readonly clientNetworks?: readonly string[] | undefined;
  /** Undefined if the file was written by a version that knew one Postfix only. */
  readonly instances?: readonly ConnectedInstance[] | undefined;
};
export const localDomainsMax = 100_000;
/** Networks: all are compared for each message that leaves without a login. */
export const clientNetworksMax = 10_000;
/** Transports of one Postfix; each is a service in its master.cf. */
export const transportsMax = 1_000;
export const filterUsersMax = 100;
/** Instances of Postfix on one machine; each has three sockets. */
export const instancesMax = 20;

const folder = z.string().startsWith('/').max(1_000);
const domains = z.array(z.string().max(256)).max(localDomainsMax);
const networks = z.array(z.string().max(64)).max(clientNetworksMax);
const transports = z.array(z.string().max(100)).max(transportsMax);
const door = z.string().max(300);
const connected: z.ZodType<ConnectedPostfix> = z.object({
  configDirectory: folder,
  localDomains: domains,
  clientNetworks: networks.optional(),
  instances: z
    .array(
      z.object({
        configDirectory: folder,
        queueDirectory: folder,
        mailOwner: z.number().int().min(0).max(0xfffffffe),
        localDomains: domains,
        clientNetworks: networks,
        filterUsers: z
          .array(z.object({ name: z.string().max(256), uid: z.number().int().min(1) }))
          .max(filterUsersMax)
          .optional(),
        logins: z.object({ defaultDomain: z.string().max(256), domains }).optional(),
        transports: z.object({ here: transports, away: transports }).optional(),
        doors: z.object({ milter: door, inbound: door, policy: door }),
        proved: z.boolean(),
      }),
    )
    .max(instancesMax)
    .optional(),
});

/** The name of the file in the state folder. */
export const connectedFile = 'postfix.json';

/** `connect` tells success at once; soon after, mail has to be judged with the new domains. */
export const lookEveryMs = 1_000;

/** Reads the content of the file; `connect` uses it too. Throws if it is not as it must be. */
export function parseConnected(text: string): ConnectedPostfix {
  return connected.parse(JSON.parse(text));
}

export type ConnectedReader = {
  /** What the file says now; undefined without a file. If it cannot be read, what it said last. */
  read(): ConnectedPostfix | undefined;
};

/** Reads the file when it has changed, and passes its content on to `take`. */
export function openConnected(
  path: string,
  take: (known: ConnectedPostfix | undefined) => void,
  log: Log,
): ConnectedReader {
  let changed = 0;
  let known: ConnectedPostfix | undefined;
  return {
    read() {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) {
        if (known !== undefined) take(undefined);
        known = undefined;
        changed = 0;
        return known;
      }
      if (stat.mtimeMs === changed) return known;
      changed = stat.mtimeMs;
      try {
        known = parseConnected(readFileSync(path, 'utf8'));
        take(known);
        const localDomains = known.localDomains.length;
        const clientNetworks = known.clientNetworks?.length;
        log('info', 'postfix.connected', { path, localDomains, clientNetworks });
      } catch (error) {
        log('warn', 'postfix.unread', { path, why: String(error) });
      }
      return known;
    },
  };
}
