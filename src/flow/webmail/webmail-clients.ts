/**
 * Finds the person's address behind a webmail. In this order: Postfix got it by XCLIENT, in a
 * service that only the webmail can use; a field of the message says it; the webmail's log said it
 * when the person logged in.
 *
 * Field and log count only for mail with a login that a webmail host handed in. Where that host is
 * this machine, the kernel must say that the webmail's user has the connection: any program here
 * may have somebody's password, and write the field.
 */
import type { Submission } from '../../core/event.ts';
import type { Submitter } from '../../ports/message.ts';
import type { SocketOwner, SocketOwners } from '../../ports/scripts.ts';
import type { World } from '../../ports/world.ts';
import type { WebmailLogins } from './webmail-logins.ts';

export type WebmailClientDeps = {
  readonly owners: SocketOwners;
  readonly userName: (uid: number) => string;
  readonly logins: Pick<WebmailLogins, 'personOf'>;
  readonly isHost: (client: string) => boolean;
  readonly isOwnHost: (client: string) => boolean;
  /** Names or numbers of the users that a webmail on this machine runs as. */
  readonly users: readonly string[];
  readonly services: ReadonlySet<string>;
  readonly world: Pick<World, 'count' | 'log'>;
};
export type WebmailClients = {
  /**
   * Passes the message on, with the person's address as its client where that is known. At once for
   * all but mail of this machine.
   */
  known(message: Submission, by: Submitter['by'], go: (known: Submission) => void): void;
};

/** How the address was learned, or why not; the label of a metric. */
type How = 'xclient' | 'field' | 'log' | 'nothing' | 'other-program';

export function openWebmailClients(deps: WebmailClientDeps): WebmailClients {
  const { isHost, isOwnHost, owners, services, world } = deps;
  const counted = (how: How): void => world.count('postern_webmail_messages_total', 1, how);
  const from = (message: Submission, how: How, client: string, webmail: string): Submission => {
    counted(how);
    return { ...message, client, webmail, traits: { ...message.traits, via: 'webmail' } };
  };
  const fromHost = (message: Submission): Submission => {
    const { account, at, client: host = '', clientField = '' } = message;
    // An own host is a proxy in front of the webmail.
    if (clientField !== '' && !isOwnHost(clientField)) {
      return from(message, 'field', clientField, host);
    }
    const person = deps.logins.personOf(account, at);
    if (person !== undefined) return from(message, 'log', person, host);
    counted('nothing');
    return message;
  };
  return {
    known(message, by, go) {
      const { client = '', clientPort = 0, server, service } = message;
      if (by !== 'login') {
        go(message);
        return;
      }
      if (service !== undefined && services.has(service) && client !== '' && !isOwnHost(client)) {
        go(from(message, 'xclient', client, service));
        return;
      }
      if (!isHost(client)) {
        go(message);
        return;
      }
      if (!owners.isHere(client)) {
        go(fromHost(message));
        return;
      }
      const decide = (owner: SocketOwner): void => {
        if (isWebmail(owner, deps)) go(fromHost(message));
        else {
          counted('other-program');
          go(message);
        }
      };
      const asked =
        clientPort === 0
          ? Promise.resolve('unknown' as const)
          : owners.of({ address: client, port: clientPort }, server);
      asked
        .catch(() => 'unknown' as const)
        .then(decide)
        // A mistake of ours in `go`: no caller would get this error.
        .catch((error: unknown) => {
          world.log('error', 'webmail.failed', { id: message.id, error: String(error) });
        });
    },
  };
}

/** Every owner of the connection must be a user of the webmail: a script may hand on its socket. */
function isWebmail(owner: SocketOwner, { userName, users }: WebmailClientDeps): boolean {
  if (typeof owner === 'string' || owner.uids.length === 0) return false;
  return owner.uids.every((uid) => users.includes(String(uid)) || users.includes(userName(uid)));
}
