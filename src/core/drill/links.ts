/**
 * The links of the chain that stops a hijacked account, as `postern drill` tries them one after the
 * other: what each one is, which others it needs, and what to do if it does not hold. Pure.
 */
import { withoutControls } from '../../lib/peer-text.ts';

export const linkIds = [
  'guard',
  'helper',
  'socket',
  'sink',
  'submission',
  'milter',
  'account',
  'log',
  'clock',
  'hold',
  'suspension',
  'sweep',
  'deny-file',
  'login',
  'release',
  'left',
  'mail',
  'webhook',
] as const;
export type LinkId = (typeof linkIds)[number];

export type Link = {
  readonly title: string;
  /** Links without which this one cannot be tried. */
  readonly needs: readonly LinkId[];
  /** What to do if this link fails and nothing better is known. */
  readonly fix: string;
};

export const links: Readonly<Record<LinkId, Link>> = {
  guard: {
    title: 'The guard runs and answers',
    needs: [],
    fix: 'systemctl start postern; then: journalctl -u postern',
  },
  helper: {
    title: 'The root helper reads the queue',
    needs: ['guard'],
    fix: 'systemctl restart postern-root.socket; then: postern doctor',
  },
  socket: {
    title: 'Postfix is connected to the milter door',
    needs: ['guard'],
    fix: 'postern connect postfix',
  },
  sink: {
    title: 'Mail of the drill cannot leave this server',
    needs: [],
    fix: 'postern drill setup',
  },
  submission: {
    title: 'The submission port accepts the login of the canary',
    // With a milter that does not answer, Postfix puts all mail off before the login.
    needs: ['guard', 'socket'],
    fix: 'look at the canary in Dovecot and at [drill] in postern.toml; or: postern drill setup',
  },
  milter: {
    title: 'Postfix shows the message to the guard',
    needs: ['guard', 'socket', 'sink', 'submission'],
    fix: 'postern doctor shows which setting of Postfix prevents it',
  },
  account: {
    title: 'The guard knows which account sent it',
    needs: ['milter'],
    fix:
      'drill.account must be spelled as Dovecot hands the login back after a login; ' +
      'a filter in front of the milter (smtpd_proxy_filter) loses the login',
  },
  log: {
    title: 'The mail log is read',
    needs: ['guard', 'sink', 'submission'],
    fix: 'look at [mail_log] in postern.toml; then: postern doctor',
  },
  clock: {
    title: 'Clocks of guard, mail log and this command agree',
    needs: ['guard'],
    fix: 'timedatectl; a mail log in another time zone: look at import_environment of Postfix',
  },
  hold: {
    title: 'A suspicious message is held, and stays held',
    needs: ['account', 'helper'],
    fix: 'look for a job or a person that releases held mail (postsuper -H); then: postern doctor',
  },
  suspension: {
    title: 'The account is suspended',
    needs: ['account'],
    fix: 'journalctl -u postern; then: postern doctor',
  },
  sweep: {
    title: 'Queued mail of the account is put on hold',
    needs: ['helper', 'suspension'],
    fix: 'journalctl -u postern -u "postern-root@*"; then: postern doctor',
  },
  'deny-file': {
    title: 'The login is written to the deny file',
    needs: ['suspension'],
    fix: 'set dovecot.deny_file; its folder must belong to postern:dovecot; then: postern doctor',
  },
  login: {
    title: 'Dovecot refuses the login',
    needs: ['deny-file', 'helper', 'submission'],
    fix: 'Dovecot must read the deny file in a passdb with deny = yes; postern doctor shows how',
  },
  release: {
    title: 'A release opens the login again',
    needs: ['login'],
    fix: 'look at the deny file (dovecot.deny_file) and at the log of Dovecot',
  },
  left: {
    title: 'Nothing of the drill is left',
    needs: ['guard', 'helper'],
    fix: 'postern drill run --undo; then look at the queue (postqueue -p) and the deny file',
  },
  mail: {
    title: 'A notice by mail reaches you',
    needs: [],
    fix: 'look at notices.mail_server and notices.mail_to; then: postern try notice',
  },
  webhook: {
    title: 'A notice by webhook reaches you',
    needs: [],
    fix: 'look at notices.webhook; then: postern try notice',
  },
};

/** `unset`: the operator has not configured this link, so there is nothing to try. */
export type LinkState = 'fine' | 'failed' | 'not reached' | 'unset';

export type LinkResult = {
  readonly id: LinkId;
  readonly title: string;
  readonly state: LinkState;
  /** What was seen, in one sentence without a full stop. */
  readonly saw: string;
  /** Empty unless it failed. */
  readonly fix: string;
};

/** What trying a link gave. `fix` only where more is known than the link itself says. */
export type Tried = {
  readonly state: 'fine' | 'failed' | 'unset';
  readonly saw: string;
  readonly fix?: string;
};

/** The results so far. A link that needs one that does not hold is never tried. */
export class Chain {
  readonly #results = new Map<LinkId, LinkResult>();

  /** The first of the links that this one needs and that does not hold. */
  missing(id: LinkId): LinkId | undefined {
    return links[id].needs.find((need) => this.#results.get(need)?.state !== 'fine');
  }

  /** Notes what trying it gave. Says "not reached" in its place if a needed link does not hold. */
  note(id: LinkId, tried: Tried): void {
    const need = this.missing(id);
    if (need !== undefined) {
      this.#results.set(id, notReached(id, need));
      return;
    }
    const { state } = tried;
    // A server's answer may have lines, and more.
    const saw = withoutControls(tried.saw, ' ').trim();
    const fix = state === 'failed' ? (tried.fix ?? links[id].fix) : '';
    this.#results.set(id, { id, title: links[id].title, state, saw, fix });
  }

  holds(id: LinkId): boolean {
    return this.#results.get(id)?.state === 'fine';
  }

  /** All links in their order. One that was never tried counts as not reached. */
  results(): readonly LinkResult[] {
    return linkIds.map((id) => this.#results.get(id) ?? notReached(id, this.missing(id)));
  }
}

function notReached(id: LinkId, need: LinkId | undefined): LinkResult {
  const saw = need === undefined ? 'the drill ended before' : `needs: ${links[need].title}`;
  return { id, title: links[id].title, state: 'not reached', saw, fix: '' };
}
