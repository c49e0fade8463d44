/**
 * Mail of a client of this machine itself, without a login: perhaps of a web script that speaks
 * SMTP instead of calling sendmail. Then it is its user's, known by whose the socket is, and comes
 * under the register as mail of sendmail does.
 */
import type { Submission } from '../../core/event.ts';
import type { ScriptMail } from '../../core/script-mail.ts';
import { isWebUser } from '../../core/scripts/web-users.ts';
import type { Answer } from '../../ports/message.ts';
import type { SocketEnd, SocketOwner, SocketOwners } from '../../ports/scripts.ts';
import type { World } from '../../ports/world.ts';

export type DirectSettings = {
  readonly direct: 'attribute' | 'refuse' | 'ignore';
  /** As isWebUser has them. */
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
   * PrivilegedTools on `message`, or what it turned out to be, at once for all but clients of this machine;
   * or refuses it.
   */
  known(
    message: Submission,
    by: 'login' | 'client' | 'local',
    go: (known: Submission) => void,
    refuse: (answer: Answer) => void,
  ): void;
  /** The web user whose connection it is; undefined: it is none's. */
  whose(end: SocketEnd): Promise<string | undefined>;
};

/** Nobody's number. */
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
      const { client = '', clientPort = 0 } = message;
      const asked = by === 'client' && clientPort > 0 && settings.direct !== 'ignore';
      if (!asked || !owners.isHere(client)) {
        go(message);
        return;
      }
      const decide = (owner: SocketOwner): void => {
        const who = webUser(owner, deps);
        if (who === undefined) go(message);
        else {
          count('postern_script_direct_total', 1, settings.direct);
          if (settings.direct === 'refuse') refuse(refusal);
          else go({ ...message, handed: mailOf(message, who) });
        }
      };
      owners
        .of({ address: client, port: clientPort })
        .then(decide)
        // Our mistake, in what `go` does: nobody above hears of it.
        .catch((error: unknown) => {
          log('error', 'scripts.direct-failed', { id: message.id, error: String(error) });
          refuse(failed);
        });
    },
  };
}

type User = { readonly uid: number; readonly name: string };

/**
 * Undefined: no web user. Whoever closed his socket after the last word, before it was looked at,
 * wanted not to be known: he is `?`. A table that cannot be read is our trouble, and nobody's
 * guilt.
 */
function webUser(owner: SocketOwner, { settings, userName }: DirectDeps): User | undefined {
  if (owner === 'elsewhere' || owner === 'unknown') return undefined;
  if (owner === 'closed') return { uid: unknownUid, name: '?' };
  return owner.uids
    .map((uid) => ({ uid, name: userName(uid) }))
    .find(({ name }) => isWebUser(name, settings.webUsers));
}

/** What of it the register looks at; the milter door keeps no more of the header. */
function mailOf(message: Submission, { uid, name }: User): ScriptMail {
  const { headerFrom, sender = '' } = message;
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
    header: headerFrom === undefined ? [] : [{ name: 'From', value: headerFrom }],
  };
}
