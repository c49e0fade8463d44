/** Words about mail that left this server without a verdict. Pure. */
import type { Millis } from '../lib/time.ts';

/** Messages that took the same way past Postern. */
export type BypassedWay = {
  /** Postfix's program that took them: `postfix/submission/smtpd`. */
  readonly service: string;
  /** Who called sendmail(1); undefined for mail that came by SMTP. */
  readonly uid: number | undefined;
  /** Address of the client; empty for mail of this machine. */
  readonly client: string;
  /** Empty without one. */
  readonly login: string;
  /** Postfix's program that sent the last of them: `postfix/smtp`. */
  readonly leftBy: string;
  readonly first: Millis;
  readonly last: Millis;
  readonly messages: number;
};

/** `by postfix/smtpd for joe@example.org from 192.0.2.7`. */
export function wayText({ client, leftBy, login, service, uid }: BypassedWay): string {
  const who = login === '' ? '' : ` for ${login}`;
  const from = uid === undefined ? ` from ${client === '' ? 'an unknown client' : client}` : '';
  const user = uid === undefined ? '' : ` for user id ${uid}`;
  return `in by ${service}${who}${user}${from}, out by ${leftBy}`;
}

/** What is wrong, for /health and the notice. `messages`: all since the guard started. */
export function bypassText(last: BypassedWay, messages: number, cause: string): string {
  const many = messages === 1 ? '1 message' : `${messages} messages`;
  return (
    `mail leaves this server and Postern does not judge it: ${many} so far, ` +
    `the last came ${wayText(last)}. Likely cause: ${cause}`
  );
}

/** What the log and the files of Postfix say about the cause. */
export type BypassClues = {
  readonly last: BypassedWay;
  /** The milter that Postfix could not ask of late, as main.cf names it; empty if none. */
  readonly milterAway: string;
  /** The names under which the connected instances of Postfix log: `postfix`, `postfix-out`. */
  readonly instances: readonly string[];
  /** What is wrong with main.cf or master.cf, the worst first; each with its remedy. */
  readonly faults: readonly { readonly found: string; readonly fix: string }[];
  /** The message came in from a filter on this machine. */
  readonly isFiltered: boolean;
};

/** The likely cause, in a sentence, and what to do about it. */
export function likelyCause(clues: BypassClues): string {
  const { faults, instances, isFiltered, last, milterAway } = clues;
  const [instance = ''] = last.service.split('/');
  if (instances.length === 0) {
    return 'Postfix is not connected to Postern; run postern connect postfix as root.';
  }
  if (instance.startsWith('postfix') && !instances.includes(instance)) {
    return (
      `another instance of Postfix (${instance}) is not connected to Postern; run ` +
      `postern connect postfix --config-dir /etc/${instance} as root.`
    );
  }
  const [fault] = faults;
  if (fault !== undefined) {
    return `main.cf or master.cf was changed (${fault.found}); ${remedy(fault.fix)}`;
  }
  if (milterAway !== '') {
    return (
      `Postfix could not ask the milter ${milterAway} and let mail pass ` +
      '(default_action = accept); run postern doctor.'
    );
  }
  if (isFiltered) {
    return (
      `a filter hands mail back through ${last.service}, where Postern does not see the login; ` +
      'run postern doctor.'
    );
  }
  return `${last.service} does not show mail to Postern; run postern doctor.`;
}

function remedy(fix: string): string {
  return fix.startsWith('postern ') ? `run ${fix} as root.` : `${fix}.`;
}
