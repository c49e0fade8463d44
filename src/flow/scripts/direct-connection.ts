/**
 * Finds the web script behind a client that connects from this machine without a login: a script
 * may speak SMTP instead of calling sendmail. The owner of the socket tells the user, and the mail
 * then comes under the register of scripts like mail of sendmail.
 */
import type { Submission } from '../../core/event.ts';
import type { ScriptMail } from '../../core/script-mail.ts';
import { userAccount } from '../../core/scripts/submitter.ts';
import { isWebUser } from '../../core/scripts/web-users.ts';
import type { Answer } from '../../ports/message.ts';
import type { SocketEnd, SocketOwner, SocketOwners } from '../../ports/scripts.ts';
import type { World } from '../../ports/world.ts';

export type DirectSettings = {
  readonly direct: 'attribute' | 'refuse' | 'ignore';
  /** In the form of isWebUser (core/scripts/web-users.ts). */
  readonly webUsers: readonly string[];
};

export type DirectDeps = {
  readonly owners: SocketOwners;
  readonly userName: (uid: number) => string;
  readonly settings: DirectSettings;
  readonly world: World;
};

export type DirectConnections = {
  /**
   * Passes the message on, with its script if a web user sent it, else with the user of its
   * program, or refuses it. At once for all but clients of this machine.
   */
  known(
    message: Submission,
    by: 'login' | 'client' | 'local',
    go: (known: Submission) => void,
    refuse: (answer: Answer) => void,
  ): void;
  /** The web user who owns the connection; undefined if no web user does. */
  whose(end: SocketEnd): Promise<string | undefined>;
};

/** A number that no user has. */
const unknownUid = 0xffff_fffe;

const refusal: Answer = {
  kind: 'reply',
  code: 550,
  enhanced: '5.7.1',
  text: 'Websites on this server send mail by sendmail, not by SMTP',
};

const failed: Answer = {
  kind: 'reply',
  code: 451,
  enhanced: '4.3.0',
  text: 'Local error; please try again later',
};

export function openDirectConnections(deps: DirectDeps): DirectConnections {
  const { owners, settings, world } = deps;
  const { count, log } = world;
  return {
    async whose(end) {
      return owners.isHere(end.address) ? webUser(await owners.of(end), deps)?.name : undefined;
    },
    known: (message, by, go, refuse) => {
      const { client = '', clientPort = 0, server } = message;
      const asked = by === 'client' && clientPort > 0 && settings.direct !== 'ignore';
      if (!asked || !owners.isHere(client)) {
        go(message);
        return;
      }
      const decide = (owner: SocketOwner): void => {
        const who = webUser(owner, deps);
        if (who === undefined) go(ofProgram(message, owner, deps));
        else {
          count('postern_script_direct_total', 1, settings.direct);
          if (settings.direct === 'refuse') refuse(refusal);
          else go({ ...message, handed: mailOf(message, who) });
        }
      };
      ownerOf({ address: client, port: clientPort }, server, owners)
        .then(decide)
        // A mistake of ours in `go`: no caller would get this error.
        .catch((error: unknown) => {
          log('error', 'scripts.direct-failed', { id: message.id, error: String(error) });
          refuse(failed);
        });
    },
  };
}

/**
 * The owner of the client's socket. Sockets of several users may share a port, so the connection to
 * this server is looked for first. Where a packet filter redirected the client, the kernel's table
 * has another server, and the port alone has to do.
 */
async function ownerOf(
  client: SocketEnd,
  server: SocketEnd | undefined,
  owners: SocketOwners,
): Promise<SocketOwner> {
  const owner = server === undefined ? 'elsewhere' : await owners.of(client, server);
  return owner === 'elsewhere' ? owners.of(client) : owner;
}

type WebUser = { readonly uid: number; readonly name: string };

/**
 * The web user who owns a socket; undefined if none does. A process that closed its socket before
 * Postern looked may have wanted to hide: its user is `?`. If the table of sockets cannot be read,
 * no user is blamed.
 */
function webUser(owner: SocketOwner, { settings, userName }: DirectDeps): WebUser | undefined {
  if (owner === 'elsewhere' || owner === 'unknown') return undefined;
  if (owner === 'closed') return { uid: unknownUid, name: '?' };
  return owner.uids
    .map((uid) => ({ uid, name: userName(uid) }))
    .find(({ name }) => isWebUser(name, settings.webUsers));
}

/**
 * Mail of any other program counts for its user, so that a list server and a monitor do not stop
 * each other. Programs of root, and those whose user is not known for sure, are one client.
 */
function ofProgram(message: Submission, owner: SocketOwner, { userName }: DirectDeps): Submission {
  if (typeof owner === 'string') return message;
  const [uid = 0, ...others] = owner.uids.filter((one) => one !== 0);
  if (uid === 0 || others.length > 0) return message;
  return { ...message, uid, account: userAccount({ uid, user: userName(uid) }) };
}

/** The parts of the message that the register looks at; the milter door keeps no other header. */
function mailOf(message: Submission, { uid, name }: WebUser): ScriptMail {
  const { headerFrom, sender = '' } = message;
  const { fromFields = headerFrom === undefined ? [] : [headerFrom] } = message;
  return {
    submitter: {
      uid,
      user: name,
      pid: 0,
      executable: '',
      cwd: '',
      script: '',
      scriptOwner: undefined,
      how: 'none',
      proven: 'kernel',
      parents: [],
    },
    sender,
    recipients: [],
    bodyStart: Buffer.alloc(0),
    header: fromFields.map((value) => ({ name: 'From', value })),
  };
}
