/** Encryption of a port: offered or not, versions, ciphers, certificate. Pure. */
import { clientHello, parseHelloAnswer } from '../../formats/tls/hello.ts';
import { dayMs } from '../../lib/time.ts';
import {
  type Dialogue,
  endText,
  ProbeStopError,
  type Probing,
  type SeenCertificate,
  type SeenTls,
} from './dialogue.ts';
import {
  notTried,
  type ProbeFinding,
  type ProbeTarget,
  postconfFix,
  probeFault,
  probeOk,
} from './target.ts';

/** How a port speaks TLS. */
export type TlsPort = {
  /** `smtp`, `submission`, `submissions`: in the ids of findings. */
  readonly name: 'smtp' | 'submission' | 'submissions';
  readonly port: number;
  /** TLS from the start (RFC 8314), else STARTTLS. */
  readonly implicit: boolean;
};

/** A certificate that ends sooner is a warning. */
const soonDays = 14;
const rsaBitsMin = 2048;

type Offer = {
  readonly id: string;
  readonly what: string;
  readonly version: number;
  readonly ciphers: readonly number[];
};
const usual = [0xc014, 0xc013, 0xc00a, 0xc009, 0x0039, 0x0033, 0x0035, 0x002f, 0x000a];
const oldVersions: readonly Offer[] = [
  { id: 'ssl3', what: 'SSL 3', version: 0x0300, ciphers: usual },
  { id: 'tls10', what: 'TLS 1.0', version: 0x0301, ciphers: usual },
  { id: 'tls11', what: 'TLS 1.1', version: 0x0302, ciphers: usual },
];
const weakCiphers: readonly Offer[] = [
  {
    id: 'null',
    what: 'ciphers that encrypt nothing (NULL)',
    version: 0x0303,
    ciphers: [0x0001, 0x0002, 0x003b, 0xc006, 0xc010, 0xc015],
  },
  {
    id: 'export',
    what: 'ciphers of 40 or 56 bits (EXPORT, DES)',
    version: 0x0303,
    ciphers: [0x0003, 0x0006, 0x0008, 0x0009, 0x000b, 0x000e, 0x0011, 0x0014, 0x0015],
  },
  {
    id: 'rc4-3des',
    what: 'RC4 or triple DES',
    version: 0x0303,
    ciphers: [0x0004, 0x0005, 0xc007, 0xc011, 0x000a, 0x0016, 0xc008, 0xc012],
  },
];
/** Mail between servers is encrypted without a check of names, so only logins are at risk. */
const anonymous: Offer = {
  id: 'anonymous',
  what: 'ciphers without a certificate (anonymous)',
  version: 0x0303,
  ciphers: [0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc018, 0xc019, 0xc017],
};

/** All findings about TLS on a port. `starts`: where STARTTLS is not offered, nothing is tried. */
export function* probeTls(
  port: TlsPort,
  target: ProbeTarget,
  dialogue: Dialogue,
): Probing<readonly ProbeFinding[]> {
  const title = tlsTitle(port);
  const id = `tls.${port.name}`;
  const { name, extensions, tls } = yield* dialogue.greet(port.port, { tls: port.implicit });
  const findings: ProbeFinding[] = [];
  let seen: SeenTls;
  if (port.implicit) {
    if (tls === undefined) throw new ProbeStopError('no TLS');
    seen = tls;
  } else {
    if (!extensions.includes('STARTTLS')) return [missing(port, dialogue)];
    const heard = yield* dialogue.startTls();
    if (heard.tls === undefined)
      return [broken(id, title, endText(heard.end ?? 'closed'), dialogue)];
    seen = heard.tls;
    findings.push(...(yield* injection(port, dialogue)));
  }
  const host = target.host === '' ? name : target.host;
  findings.push(...judgeCertificate(seen.certificate, { host, now: target.now, port }));
  const isLogin = port.name !== 'smtp';
  const offers = [...oldVersions, ...weakCiphers, ...(isLogin ? [anonymous] : [])];
  for (const offer of offers) {
    const taken = yield* isOfferTaken(offer, port, dialogue);
    if (!taken) continue;
    const isOld = oldVersions.includes(offer);
    const kind = isOld && port.name === 'smtp' ? 'warn' : 'fail';
    const found = `accepts ${offer.what}`;
    const fix = isOld ? protocolFix : cipherFix;
    const wanted = isOld ? 'TLS 1.2 and 1.3 only' : 'ciphers that are strong';
    const fault = { title, found, wanted, fix };
    findings.push(probeFault(`${id}.${offer.id}`, kind, fault, dialogue.transcript()));
  }
  if (findings.length > 0) return findings;
  return [probeOk(id, { title, found: `${seen.protocol}; the certificate is valid for ${host}` })];
}

const protocolFix = postconfFix(
  'smtpd_tls_protocols = >=TLSv1.2',
  'smtpd_tls_mandatory_protocols = >=TLSv1.2',
);
const cipherFix = postconfFix(
  'smtpd_tls_ciphers = medium',
  'smtpd_tls_mandatory_ciphers = high',
  'smtpd_tls_mandatory_exclude_ciphers = aNULL',
  'smtpd_tls_exclude_ciphers = eNULL, EXPORT, DES, 3DES, RC4, MD5',
);

export function tlsTitle({ name, port }: Pick<TlsPort, 'name' | 'port'>): string {
  return `Encryption on port ${port} (${name})`;
}

function missing(port: TlsPort, dialogue: Dialogue): ProbeFinding {
  const title = tlsTitle(port);
  const found = 'STARTTLS is not offered: mail and passwords can be read on the way';
  const fix =
    port.name === 'smtp'
      ? postconfFix(
          'smtpd_tls_security_level = may',
          'smtpd_tls_chain_files = /PATH/key.pem, /PATH/fullchain.pem',
        )
      : "Postfix: postconf -P 'submission/inet/smtpd_tls_security_level=encrypt' && postfix reload";
  const fault = { title, found, wanted: 'STARTTLS', fix };
  return probeFault(`tls.${port.name}.missing`, 'fail', fault, dialogue.transcript());
}

function broken(id: string, title: string, why: string, dialogue: Dialogue): ProbeFinding {
  const found = `STARTTLS is offered, but ${why}`;
  const fix = 'check smtpd_tls_chain_files, and what the mail log says about TLS';
  const fault = { title, found, wanted: 'a handshake', fix };
  return probeFault(`${id}.broken`, 'fail', fault, dialogue.transcript());
}

/** Are commands that came before the handshake carried out after it (CVE-2011-0411)? */
function* injection({ port, name }: TlsPort, dialogue: Dialogue): Probing<readonly ProbeFinding[]> {
  yield* dialogue.greet(port);
  const heard = yield* dialogue.send('STARTTLS\r\nNOOP\r\n', 1);
  if (heard.replies[0]?.code !== 220) return [];
  const shaken = yield* dialogue.handshake();
  if (shaken.tls === undefined) return [];
  const { replies } = yield* dialogue.send('EHLO probe.invalid\r\n', 1);
  const [reply] = replies;
  if (reply?.code !== 250 || reply.lines.length > 1) return [];
  const fault = {
    title: 'Commands before the handshake',
    found: 'a command sent before the TLS handshake is carried out after it (CVE-2011-0411)',
    wanted: 'what came before the handshake is thrown away',
    fix: 'update the mail server, or its proxy',
  };
  return [probeFault(`tls.${name}.injection`, 'fail', fault, dialogue.transcript())];
}

function* isOfferTaken(
  { version, ciphers, what }: Offer,
  { port, implicit }: TlsPort,
  dialogue: Dialogue,
): Probing<boolean> {
  if (implicit) {
    // The handshake begins at once, so nothing is read before it.
    yield* dialogue.open(port, { greeting: false });
  } else {
    yield* dialogue.greet(port);
    const reply = yield* dialogue.line('STARTTLS');
    if (reply.code !== 220) throw new ProbeStopError('STARTTLS is refused after some connections');
  }
  const answer = parseHelloAnswer(yield* dialogue.rawHello(clientHello(version, ciphers), what));
  if (answer?.kind !== 'hello') return false;
  return answer.version === version && ciphers.includes(answer.cipher);
}

type CertificateContext = {
  readonly host: string;
  readonly now: number;
  readonly port: TlsPort;
};

export function judgeCertificate(
  { names, from, until, untrusted, rsaBits }: SeenCertificate,
  { host, now, port }: CertificateContext,
): readonly ProbeFinding[] {
  const title = `Certificate on port ${port.port} (${port.name})`;
  // Other servers rarely check names; mail programs always do.
  const kind = port.name === 'smtp' ? 'warn' : 'fail';
  const days = Math.floor((until - now) / dayMs);
  const findings: ProbeFinding[] = [];
  const add = (what: string, level: 'warn' | 'fail', found: string, wanted: string): void => {
    const transcript = [`* certificate for ${names.join(', ')}, which ends in ${days} days`];
    const id = `tls.${port.name}.certificate.${what}`;
    findings.push(probeFault(id, level, { title, found, wanted, fix: renewFix }, transcript));
  };
  if (until < now) add('expired', 'fail', `it ended ${-days} days ago`, 'a valid one');
  else if (days < soonDays) {
    add('ends-soon', 'warn', `it ends in ${days} days`, `renewal ${soonDays} days before`);
  }
  if (from > now) {
    const begins = Math.ceil((from - now) / dayMs);
    add('not-yet', 'fail', `it begins only in ${begins} days`, 'a valid one');
  }
  if (!names.some((name) => isNameFor(name, host))) {
    add('name', kind, `it is for ${names.join(', ') || 'no name'}, not for ${host}`, host);
  }
  const isDated = until >= now && from <= now;
  if (untrusted !== '' && isDated) {
    add(
      'untrusted',
      kind,
      `its chain is not trusted: ${untrusted}`,
      'a chain of a known authority',
    );
  }
  if (rsaBits > 0 && rsaBits < rsaBitsMin) {
    add('short-key', 'warn', `its RSA key has ${rsaBits} bits`, `${rsaBitsMin} bits or more`);
  }
  return findings;
}

const renewFix =
  'renew the certificate with the name of the server; smtpd_tls_chain_files must have the key, ' +
  'the certificate and its intermediates';

/** A name of a certificate, perhaps with `*` as its first label (RFC 6125 section 6.4.3). */
function isNameFor(name: string, host: string): boolean {
  const [wanted, given] = [host.toLowerCase(), name.toLowerCase()];
  if (given === wanted) return true;
  const dot = wanted.indexOf('.');
  return dot > 0 && given === `*${wanted.slice(dot)}`;
}

/** A port that could not be tried: closed is fine for all but port 25. */
export function closedPort(port: TlsPort): ProbeFinding {
  const title = tlsTitle(port);
  if (port.name !== 'smtp') return probeOk(`tls.${port.name}`, { title, found: 'not open' });
  return notTried('tls.smtp', title, endText('refused'));
}
