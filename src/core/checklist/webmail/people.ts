/** Checks that the guard knows who is behind the webmails that the operator named. Pure. */
import { type Finding, fine } from '../../finding.ts';
import { isWebUser } from '../../scripts/web-users.ts';

/** Messages from webmails since the guard started, by how the person's address was learned. */
export type WebmailCounts = {
  /** By XCLIENT, a field or a log. */
  readonly known: number;
  readonly nothing: number;
  readonly otherProgram: number;
};
export type WebmailFacts = {
  readonly hosts: readonly string[];
  readonly users: readonly string[];
  /** Users that websites run as. */
  readonly webUsers: readonly string[];
  /** Undefined: no guard answers. */
  readonly counts: WebmailCounts | undefined;
};

/** Fewer messages say little. */
const messagesMin = 10;

/** Undefined where no webmail is named and none hands in mail. */
export function checkWebmail(facts: WebmailFacts): Finding | undefined {
  const { hosts, users, webUsers, counts = { known: 0, nothing: 0, otherProgram: 0 } } = facts;
  const { known, nothing, otherProgram } = counts;
  const all = known + nothing;
  if (hosts.length === 0 && all === 0) return undefined;
  const id = 'webmail.people';
  const title = 'People behind a webmail';
  const wanted = 'the person’s address in each message of a webmail';
  const warns = (found: string, fix: string): Finding => {
    return { id, kind: 'warn', title, found, wanted, fix };
  };
  const shared = users.filter((user) => isWebUser(user, webUsers));
  if (shared.length > 0) {
    return warns(
      `every website of ${shared.join(', ')} can name an address, as the webmail can`,
      'run the webmail as a user of its own (a PHP-FPM pool), and name that user in webmail.users',
    );
  }
  if (otherProgram > all) {
    return warns(
      `${otherProgram} messages came from programs of other users, and ${all} from the webmail`,
      'name the user that the webmail runs as in webmail.users; ps -o user= -C php-fpm8.2 shows it',
    );
  }
  if (all >= messagesMin && nothing > known) {
    return warns(
      `known in ${known} of ${all} messages; the others count for the host of the webmail`,
      'set webmail.field to the field that the webmail writes, or webmail.logs to its log of ' +
        'logins',
    );
  }
  return fine(id, title, all === 0 ? 'no mail yet' : `known in ${known} of ${all} messages`);
}
