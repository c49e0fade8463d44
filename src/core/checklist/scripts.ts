/** Checks that programs cannot bypass the sendmail door, and that scripts have rules. Pure. */
import { type Finding, fine } from '../finding.ts';

/** The outcome of an attempt. `why`: it could not be made. */
export type TriedScript<Outcome> = { readonly outcome: Outcome } | { readonly why: string };

export type WaysRound = {
  /** The user it was tried as; empty: no such user was found. */
  readonly user: string;
  /** The user that Postern runs as. */
  readonly guard: string;
  /** authorized_submit_users of main.cf; undefined: it is not set, so every user may submit. */
  readonly authorized: string | undefined;
  /** Calling postdrop(1) directly, past the sendmail door. */
  readonly postdrop: TriedScript<'refused' | 'taken'>;
  /** Speaking SMTP to this machine: which user the guard found; closed: nothing listens there. */
  readonly loopback: TriedScript<{ readonly user: string } | 'closed'>;
  readonly port: number;
  readonly direct: 'attribute' | 'refuse' | 'ignore';
};

export type RegisterFacts = {
  readonly mode: 'observe' | 'guard';
  readonly known: number;
  /** Scripts that have sent mail and have no rule. */
  readonly withoutRule: number;
  /** Users whose mail came without the name of a script. */
  readonly faceless: readonly string[];
};

const connect = 'sudo postern connect sendmail';

export function checkWaysRound(facts: WaysRound): readonly Finding[] {
  return [submission(facts), loopback(facts)];
}

function submission({ user, guard, authorized, postdrop }: WaysRound): Finding {
  const id = 'scripts.postdrop';
  const title = 'Mail past the sendmail door (postdrop)';
  const wanted = `authorized_submit_users = root, ${guard}`;
  const set = authorized === undefined ? 'not set' : `"${authorized}"`;
  if ('outcome' in postdrop) {
    if (postdrop.outcome === 'taken') {
      const found = `tried as ${user}: accepted (authorized_submit_users is ${set})`;
      return { id, kind: 'fail', title, found, wanted, fix: connect };
    }
    const others = named(authorized).filter((one) => one !== 'root' && one !== guard);
    if (others.length === 0) return fine(id, title, `tried as ${user}: refused`);
    const found = `tried as ${user}: refused; other users may: ${others.join(', ')}`;
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted,
      fix: 'take users that do not need it out of authorized_submit_users in main.cf',
    };
  }
  const open = authorized === undefined || /\bstatic:/.test(authorized);
  const found = `not tried (${postdrop.why}); authorized_submit_users is ${set}`;
  if (open) return { id, kind: 'fail', title, found, wanted, fix: connect };
  return { id, kind: 'unknown', title, found, wanted, fix: 'sudo postern doctor' };
}

/** Without the sendmail door nobody can say which script sends. */
export function scriptsUnseen(): Finding {
  return {
    id: 'scripts.register',
    kind: 'unknown',
    title: 'Rules for scripts',
    found: 'Postern is not the sendmail of this machine, so it cannot tell which script sends',
    wanted: 'each script that sends mail is known by its name',
    fix: connect,
  };
}

/** `trouble`: what the guard says about mail that it never met; undefined if it met all. */
export function checkMet(trouble: string | undefined): Finding {
  const id = 'scripts.met';
  const title = 'Mail handed in by programs';
  if (trouble === undefined) return fine(id, title, 'each message is met at the milter door');
  return {
    id,
    kind: 'fail',
    title,
    found: trouble,
    wanted:
      'Postfix shows each message of a program to Postern, with the field X-Postern-Submission',
    fix: 'sudo postern connect postfix; then look into header_checks and at other milters',
  };
}

const named = (list = ''): readonly string[] => list.split(/[\s,]+/).filter((one) => one !== '');

function loopback({ user, loopback: tried, port, direct }: WaysRound): Finding {
  const id = 'scripts.loopback';
  const title = 'SMTP from websites on this machine';
  const wanted = 'scripts.direct_connections = "attribute" or "refuse"';
  if (direct === 'ignore') {
    const found = 'treated like any client (scripts.direct_connections = "ignore")';
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted,
      fix: 'set scripts.direct_connections in postern.toml',
    };
  }
  if ('why' in tried) {
    const found = `not tried (${tried.why})`;
    return { id, kind: 'unknown', title, found, wanted, fix: 'sudo postern doctor' };
  }
  const { outcome } = tried;
  if (outcome === 'closed')
    return fine(id, title, `not possible: nothing listens at 127.0.0.1:${port}`);
  if (outcome.user === user) {
    const done = direct === 'refuse' ? 'told to use sendmail' : `counted as user:${user}`;
    return fine(id, title, `tried as ${user} at 127.0.0.1:${port}: ${done}`);
  }
  const found =
    outcome.user === ''
      ? `tried as ${user} at 127.0.0.1:${port}: the guard cannot tell which user it is`
      : `tried as ${user} at 127.0.0.1:${port}: the guard took it for ${outcome.user}`;
  const fix = 'run Postern in the network namespace of the websites, not in a container of its own';
  return { id, kind: 'fail', title, found, wanted, fix };
}

/** What is still missing before `scripts.mode = "guard"`. */
export function checkRegister(facts: RegisterFacts): Finding {
  const id = 'scripts.register';
  const title = 'Rules for scripts';
  const { mode, known, withoutRule, faceless } = facts;
  const seen = `${known} scripts seen, ${withoutRule} without a rule`;
  const wanted = 'a rule for each script, and scripts.mode = "guard"';
  if (faceless.length > 0) {
    const found = `mail of ${faceless.join(', ')} comes without the name of its script`;
    const fix =
      'set mail.add_x_header = On in php.ini: under PHP-FPM nothing else names the script';
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted: 'a script known for all mail of websites',
      fix,
    };
  }
  if (mode === 'guard') return fine(id, title, `${seen}; Postern holds mail that no rule allows`);
  if (known === 0) return fine(id, title, 'no script has sent mail yet');
  const fix =
    withoutRule > 0
      ? 'postern scripts list, then postern scripts show SCRIPT: it says which rule would fit'
      : 'set scripts.mode = "guard" in postern.toml';
  const found = `nothing is held (scripts.mode = "observe"); ${seen}`;
  return { id, kind: 'warn', title, found, wanted, fix };
}
