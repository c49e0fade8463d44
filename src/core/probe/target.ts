/** The server that is probed, and the findings of a probe. Pure. */
import type { Millis } from '../../lib/time.ts';
import type { Finding, FindingKind } from '../finding.ts';
import { Dialogue, ProbeStopError, type Probing } from './dialogue.ts';

/** Ports that are tried; undefined: not to be tried. */
export type ProbePorts = {
  readonly smtp: number | undefined;
  readonly submission: number | undefined;
  readonly submissions: number | undefined;
};
export type ProbeTarget = {
  readonly address: string;
  /** The address that the probe comes from. */
  readonly source: string;
  /** Whether the server lets `source` do what strangers may not (mynetworks). */
  readonly trusted: boolean;
  /** The name that clients use for the server; empty: the name in its greeting. */
  readonly host: string;
  /** Domains of the server, the most important first. */
  readonly domains: readonly string[];
  /** A recipient of the server that exists; it gets no message. */
  readonly recipient: string;
  /** A recipient of another server, for relaying. No message is sent to it. */
  readonly outside: string;
  readonly ports: ProbePorts;
  /** Makes names that nobody has. */
  readonly mark: string;
  readonly now: Millis;
};
export type ProbeFinding = Finding & { readonly transcript: readonly string[] };
export type ProbeCheck = {
  readonly name: string;
  readonly title: string;
  run(target: ProbeTarget, dialogue: Dialogue): Probing<readonly ProbeFinding[]>;
};

type Words = Pick<Finding, 'title' | 'found'>;
type Fault = Words & Pick<Finding, 'wanted' | 'fix'>;

export function probeOk(id: string, { title, found }: Words): ProbeFinding {
  return { id, kind: 'ok', title, found, wanted: '', fix: '', transcript: [] };
}

export function probeFault(
  id: string,
  kind: Exclude<FindingKind, 'ok'>,
  { title, found, wanted, fix }: Fault,
  transcript: readonly string[],
): ProbeFinding {
  return { id, kind, title, found, wanted, fix, transcript };
}

/** A check that could not be tried, and why. `fix`: what makes it possible. */
export function notTried(
  id: string,
  title: string,
  why: string,
  more: { readonly fix?: string; readonly transcript?: readonly string[] } = {},
): ProbeFinding {
  const found = `not tried: ${why}`;
  const { fix = '', transcript = [] } = more;
  return { id, kind: 'unknown', title, found, wanted: '', fix, transcript };
}

type Part = Pick<ProbeCheck, 'name' | 'title'>;

/** Runs a part of a check; one that cannot go on becomes a finding of kind `unknown`. */
export function* orNotTried(
  { name, title }: Part,
  dialogue: Dialogue,
  part: Probing<readonly ProbeFinding[]>,
): Probing<readonly ProbeFinding[]> {
  try {
    return yield* part;
  } catch (error) {
    if (!(error instanceof ProbeStopError)) throw error;
    return [notTried(name, title, error.message, { transcript: dialogue.transcript() })];
  }
}

/** Runs a check, and closes its last connection. */
export function* probeOne(
  check: ProbeCheck,
  target: ProbeTarget,
): Probing<readonly ProbeFinding[]> {
  const dialogue = new Dialogue(addressLiteral(target.source));
  try {
    return yield* orNotTried(check, dialogue, check.run(target, dialogue));
  } finally {
    yield* dialogue.close();
  }
}

/** An IP address instead of a name (RFC 5321 section 4.1.3). */
export function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

/** The port of mail from other servers. Throws ProbeStopError if it is not to be tried. */
export function smtpPort({ ports }: ProbeTarget): number {
  if (ports.smtp === undefined) throw new ProbeStopError('port 25 is left out');
  return ports.smtp;
}

/** The first domain. Throws ProbeStopError if none is known. */
export function ownDomain({ domains: [domain] }: ProbeTarget): string {
  if (domain === undefined) {
    throw new ProbeStopError('no domain of this server is known; name one with --domain');
  }
  return domain;
}

/** The command that sets parameters of Postfix. */
export function postconfFix(...settings: readonly string[]): string {
  return `Postfix: postconf -e ${settings.map((one) => `'${one}'`).join(' ')} && postfix reload`;
}
