/** Ports for logins: who may send there, and when a password may be said. Pure. */
import { type Dialogue, isAccepted, type Probing } from './dialogue.ts';
import {
  notTried,
  orNotTried,
  ownDomain,
  type ProbeCheck,
  type ProbeFinding,
  type ProbeTarget,
  probeFault,
  probeOk,
} from './target.ts';
import { closedPort, probeTls, type TlsPort, tlsTitle } from './tls.ts';

const loginTitle = 'Logins';

/** The ports of the target that are to be tried. */
function tlsPorts({ ports }: ProbeTarget): readonly TlsPort[] {
  const all = [
    { name: 'smtp', port: ports.smtp, implicit: false },
    { name: 'submission', port: ports.submission, implicit: false },
    { name: 'submissions', port: ports.submissions, implicit: true },
  ] as const;
  return all.flatMap(({ name, port, implicit }) =>
    port === undefined ? [] : [{ name, port, implicit }],
  );
}

/** Whether anything answers there. */
function* isOpen({ port }: TlsPort, dialogue: Dialogue): Probing<boolean> {
  const { end } = yield* dialogue.open(port, { greeting: false });
  return end !== 'refused';
}

export const tlsCheck: ProbeCheck = {
  name: 'tls',
  title: 'Encryption',
  *run(target, dialogue) {
    const findings: ProbeFinding[] = [];
    for (const port of tlsPorts(target)) {
      const part = { name: `tls.${port.name}`, title: tlsTitle(port) };
      findings.push(...(yield* orNotTried(part, dialogue, tlsOf(port, target, dialogue))));
    }
    return findings;
  },
};

function* tlsOf(
  port: TlsPort,
  target: ProbeTarget,
  dialogue: Dialogue,
): Probing<readonly ProbeFinding[]> {
  if (!(yield* isOpen(port, dialogue))) return [closedPort(port)];
  if (port.implicit && (yield* isPlain(port, dialogue))) return [plainPort(port, dialogue)];
  return yield* probeTls(port, target, dialogue);
}

/** Whether a port for TLS from the start greets without it. */
function* isPlain({ port }: TlsPort, dialogue: Dialogue): Probing<boolean> {
  const { tls } = yield* dialogue.open(port, { tls: true });
  if (tls !== undefined) return false;
  const { replies } = yield* dialogue.open(port);
  return replies[0]?.code === 220;
}

function plainPort({ name, port }: TlsPort, dialogue: Dialogue): ProbeFinding {
  const fault = {
    title: tlsTitle({ name, port }),
    found: 'the port greets without TLS, so passwords can be read on the way',
    wanted: 'TLS from the start (RFC 8314)',
    fix: "Postfix: postconf -P 'submissions/inet/smtpd_tls_wrappermode=yes' && postfix reload",
  };
  return probeFault(`tls.${name}.plain`, 'fail', fault, dialogue.transcript());
}

export const loginCheck: ProbeCheck = {
  name: 'login',
  title: loginTitle,
  *run(target, dialogue) {
    const findings: ProbeFinding[] = [];
    let tried = 0;
    for (const port of tlsPorts(target)) {
      if (!(yield* isOpen(port, dialogue))) continue;
      tried++;
      const part = { name: `login.${port.name}`, title: loginsOn(port) };
      findings.push(...(yield* orNotTried(part, dialogue, loginsOf(port, target, dialogue))));
    }
    if (findings.length > 0) return findings;
    const found = `${tried} ports are open; passwords are taken only where they are safe`;
    return [probeOk('login', { title: loginTitle, found })];
  },
};

const loginsOn = ({ port, name }: TlsPort): string => `${loginTitle} on port ${port} (${name})`;

function* loginsOf(
  port: TlsPort,
  target: ProbeTarget,
  dialogue: Dialogue,
): Probing<readonly ProbeFinding[]> {
  const offers = yield* authOffers(port, dialogue);
  if (port.name === 'smtp') return offers;
  return [...offers, ...(yield* strangers(port, target, dialogue))];
}

function* authOffers(port: TlsPort, dialogue: Dialogue): Probing<readonly ProbeFinding[]> {
  const findings: ProbeFinding[] = [];
  const title = loginsOn(port);
  let { extensions } = yield* dialogue.greet(port.port, { tls: port.implicit });
  if (!port.implicit) {
    const before = extensions.find(isAuth);
    if (before !== undefined) {
      const found = `${before} is offered before TLS, so passwords can be read on the way`;
      const fix = "Postfix: postconf -e 'smtpd_tls_auth_only = yes' && postfix reload";
      const fault = { title, found, wanted: 'AUTH only after STARTTLS', fix };
      findings.push(
        probeFault(`login.${port.name}.before-tls`, 'fail', fault, dialogue.transcript()),
      );
    }
    if (extensions.includes('STARTTLS')) {
      const { tls } = yield* dialogue.startTls();
      if (tls === undefined) return findings;
      ({ extensions } = yield* dialogue.hello());
    }
  }
  const after = extensions.find(isAuth);
  if (port.name === 'smtp' && after !== undefined && findings.length === 0) {
    const found = `${after} is offered on port ${port.port}, where passwords are guessed`;
    const fix = 'Postfix: set smtpd_sasl_auth_enable = yes only for submission in master.cf';
    const fault = { title, found, wanted: 'logins on ports 587 and 465 only', fix };
    findings.push(probeFault('login.smtp.offered', 'warn', fault, dialogue.transcript()));
  }
  if (after !== undefined && /\bANONYMOUS\b/.test(after)) {
    const found = 'a login without a password (ANONYMOUS) is offered';
    const fix = "Postfix: postconf -e 'smtpd_sasl_security_options = noanonymous'";
    const fault = { title, found, wanted: 'logins with a password', fix };
    findings.push(probeFault(`login.${port.name}.anonymous`, 'fail', fault, dialogue.transcript()));
  }
  return findings;
}

const isAuth = (extension: string): boolean => /^AUTH[ =]/.test(extension);

/** May a client without a login send on this port? It is asked before and after STARTTLS. */
function* strangers(
  port: TlsPort,
  target: ProbeTarget,
  dialogue: Dialogue,
): Probing<readonly ProbeFinding[]> {
  const title = `Mail without a login on port ${port.port} (${port.name})`;
  const id = `login.${port.name}`;
  if (target.trusted) {
    return [notTried(id, title, `the server trusts ${target.source} (mynetworks)`)];
  }
  const { extensions } = yield* dialogue.greet(port.port, { tls: port.implicit });
  const found = yield* asStranger(target, dialogue);
  if (found !== undefined) return [open(port, title, found, dialogue)];
  if (port.implicit || !extensions.includes('STARTTLS')) return [];
  yield* dialogue.greet(port.port);
  const { tls } = yield* dialogue.startTls();
  if (tls === undefined) return [];
  yield* dialogue.hello();
  const after = yield* asStranger(target, dialogue);
  return after === undefined ? [] : [open(port, title, after, dialogue)];
}

type Accepted = 'elsewhere' | 'here';

/** What a stranger may write to; undefined if nothing. */
function* asStranger(target: ProbeTarget, dialogue: Dialogue): Probing<Accepted | undefined> {
  const host = target.outside.slice(target.outside.lastIndexOf('@') + 1);
  const mail = yield* dialogue.line(`MAIL FROM:<postern-probe@${host}>`);
  if (!isAccepted(mail)) return undefined;
  if (isAccepted(yield* dialogue.line(`RCPT TO:<${target.outside}>`))) return 'elsewhere';
  ownDomain(target);
  return isAccepted(yield* dialogue.line(`RCPT TO:<${target.recipient}>`)) ? 'here' : undefined;
}

function open(
  { name }: TlsPort,
  title: string,
  accepted: Accepted,
  dialogue: Dialogue,
): ProbeFinding {
  const isRelay = accepted === 'elsewhere';
  const found = isRelay
    ? 'a client without a login may send to any other server'
    : 'a client without a login may send to your users, past what port 25 checks';
  const fix =
    `Postfix: postconf -P '${name}/inet/smtpd_client_restrictions=` +
    "permit_sasl_authenticated,reject' && postfix reload";
  const fault = { title, found, wanted: 'a refusal before DATA', fix };
  return probeFault(
    `login.${name}.${isRelay ? 'relay' : 'local'}`,
    isRelay ? 'fail' : 'warn',
    fault,
    dialogue.transcript(),
  );
}
