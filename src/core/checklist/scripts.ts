/** Ways round the sendmail door, as doctor tried them, and how far the register is. Pure. */
import { type Finding, fine } from '../finding.ts';

/** What came of a try. `why`: it could not be made. */
export type TriedScript<Outcome> = { readonly outcome: Outcome } | { readonly why: string };

export type WaysRound = {
  /** As whom it was tried; empty: nobody was found to try it as. */
  readonly user: string;
  /** Who Postern runs as. */
  readonly guard: string;
  /** main.cf's authorized_submit_users; undefined: it is not set, and anybody may. */
  readonly authorized: string | undefined;
  /** Calling postdrop(1) past the door. */
  readonly postdrop: TriedScript<'refused' | 'taken'>;
  /**
   * Speaking SMTP to this machine, and whose connection the guard says it is; closed: nobody
   * listens there.
   */
  readonly loopback: TriedScript<{ readonly user: string } | 'closed'>;
  readonly port: number;
  readonly direct: 'attribute' | 'refuse' | 'ignore';
};

export type RegisterFacts = {
  readonly mode: 'observe' | 'guard';
  readonly known: number;
  /** Seen sending, and no rule is for them. */
  readonly withoutRule: number;
  /** Users of whose mail no script is known. */
  readonly faceless: readonly string[];
};

const connect = 'sudo postern connect sendmail';

export function checkWaysRound(facts: WaysRound): readonly Finding[] {
  return [submission(facts), loopback(facts)];
}

function submission({ user, guard, authorized, postdrop }: WaysRound): Finding {
  const id = 'scripts.postdrop';
  const title = 'no user hands mail to Postfix past the sendmail door';
  const wanted = `authorized_submit_users = root, ${guard}`;
  const set = authorized === undefined ? 'not set' : `"${authorized}"`;
  if ('outcome' in postdrop) {
    if (postdrop.outcome === 'taken') {
      const found = `tried: ${user} may call postdrop himself (authorized_submit_users is ${set})`;
      return { id, kind: 'fail', title, found, wanted, mend: connect };
    }
    const others = named(authorized).filter((one) => one !== 'root' && one !== guard);
    if (others.length === 0) return fine(id, title, `tried as ${user}: postdrop refused`);
    const found = `tried as ${user}: refused; but these may: ${others.join(', ')}`;
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted,
      mend: 'take out of it who needs no such right',
    };
  }
  const open = authorized === undefined || /\bstatic:/.test(authorized);
  const found = `not tried (${postdrop.why}); authorized_submit_users is ${set}`;
  if (open) return { id, kind: 'fail', title, found, wanted, mend: connect };
  return { id, kind: 'unknown', title, found, wanted, mend: 'sudo postern doctor' };
}

const named = (list = ''): readonly string[] => list.split(/[\s,]+/).filter((one) => one !== '');

function loopback({ user, loopback: tried, port, direct }: WaysRound): Finding {
  const id = 'scripts.loopback';
  const title = 'a website that speaks SMTP to this machine is known';
  const wanted = 'scripts.direct_connections = "attribute" or "refuse"';
  if (direct === 'ignore') {
    const found = 'scripts.direct_connections = "ignore": it is a client like any other';
    return { id, kind: 'warn', title, found, wanted, mend: 'set it in postern.toml' };
  }
  if ('why' in tried) {
    const found = `not tried (${tried.why})`;
    return { id, kind: 'unknown', title, found, wanted, mend: 'sudo postern doctor' };
  }
  const { outcome } = tried;
  if (outcome === 'closed') return fine(id, title, `nobody listens at 127.0.0.1:${port}`);
  if (outcome.user === user) {
    const done = direct === 'refuse' ? 'is told to use sendmail' : `counts as user:${user}`;
    return fine(id, title, `tried as ${user} at 127.0.0.1:${port}: it ${done}`);
  }
  const found =
    outcome.user === ''
      ? `tried as ${user} at 127.0.0.1:${port}: the guard cannot tell whose it is`
      : `tried as ${user} at 127.0.0.1:${port}: the guard took it for ${outcome.user}`;
  const mend = 'does Postern run in another network namespace (a container)? Its unit must not';
  return { id, kind: 'fail', title, found, wanted, mend };
}

/** How far it is from observing to guarding. */
export function checkRegister(facts: RegisterFacts): Finding {
  const id = 'scripts.register';
  const title = 'what scripts may send is said by rules';
  const { mode, known, withoutRule, faceless } = facts;
  const seen = `${known} seen, ${withoutRule} without a rule`;
  const wanted = 'a rule for each script, and scripts.mode = "guard"';
  if (faceless.length > 0) {
    const found = `of mail of ${faceless.join(', ')} no script is known`;
    const mend =
      'set mail.add_x_header = On in php.ini: under PHP-FPM nothing else tells the script';
    return { id, kind: 'warn', title, found, wanted: 'every script known', mend };
  }
  if (mode === 'guard') return fine(id, title, `${seen}; what no rule allows is held`);
  if (known === 0) return fine(id, title, 'nothing was seen sending yet');
  const mend =
    withoutRule > 0
      ? 'postern scripts list; postern scripts show SCRIPT says which rule would fit'
      : 'set scripts.mode = "guard" in postern.toml';
  const found = `scripts.mode = "observe": nothing is held; ${seen}`;
  return { id, kind: 'warn', title, found, wanted, mend };
}
