/**
 * A Postfix for the probe: one instance with a sound SMTP server, a sound submission, a sound
 * submissions port, and beside them one SMTP server for each planted fault, each on a port of its
 * own. Certificates are made here.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { freePort } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const run = promisify(execFile);

type Settings = Readonly<Record<string, string>>;
export type PlantedFault = {
  readonly service: 'smtp' | 'submission' | 'submissions';
  readonly settings: Settings;
};
export type ProbeServer = AsyncDisposable & {
  readonly postfix: PostfixInstance;
  readonly sink: Sink;
  /** PEM file of the authority. */
  readonly authority: string;
  readonly ports: Readonly<Record<PlantedFault['service'], number>>;
  /** The port of a fault, by its name. */
  port(fault: string): number;
};

export async function startProbeServer(
  faults: Readonly<Record<string, (certificates: string) => PlantedFault>>,
): Promise<ProbeServer> {
  const certificates = await mkdtemp(join(tmpdir(), 'ppc-'));
  await chmod(certificates, 0o755);
  await makeCertificates(certificates);
  const ports = {
    smtp: await freePort(),
    submission: await freePort(),
    submissions: await freePort(),
  };
  const planted = new Map<string, number>();
  const services: string[] = [];
  for (const [name, faultOf] of Object.entries(faults)) {
    const port = await freePort();
    const { service, settings } = faultOf(certificates);
    planted.set(name, port);
    services.push(smtpd(port, { ...sound[service], ...settings }));
  }
  for (const name of ['smtp', 'submission', 'submissions'] as const) {
    services.push(smtpd(ports[name], sound[name]));
  }
  const sink = await startSink();
  const dovecot: DovecotInstance = await startDovecot({ users: { joe: 'secret' } });
  const postfix = await startPostfix({
    sink: sink.port,
    saslSocket: dovecot.authSocket,
    settings: soundMain(certificates),
    services: services.join(''),
  });
  return {
    postfix,
    sink,
    ports,
    authority: join(certificates, 'ca.pem'),
    port: (fault) => planted.get(fault) ?? 0,
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      await dovecot[Symbol.asyncDispose]();
      await sink[Symbol.asyncDispose]();
      await rm(certificates, { recursive: true, force: true });
    },
  };
}

function smtpd(port: number, settings: Settings): string {
  const overrides = Object.entries(settings).map(
    ([name, value]) => `  -o { ${name} = ${value} }\n`,
  );
  return `127.0.0.1:${port} inet n - n - - smtpd\n${overrides.join('')}`;
}

/** What all services share: a server without faults. */
function soundMain(certificates: string): Settings {
  return {
    local_recipient_maps: 'inline:{postmaster=x, abuse=x, joe=x}',
    smtpd_relay_restrictions:
      'permit_mynetworks permit_sasl_authenticated reject_unauth_destination',
    smtpd_sender_restrictions:
      'permit_mynetworks permit_sasl_authenticated reject_unlisted_sender ' +
      'check_sender_access inline:{mail.test=REJECT}',
    smtpd_tls_chain_files: join(certificates, 'mail.test.pem'),
    smtpd_tls_protocols: '>=TLSv1.2',
    smtpd_tls_mandatory_protocols: '>=TLSv1.2',
    smtpd_tls_auth_only: 'yes',
    smtpd_forbid_bare_newline: 'normalize',
    smtpd_forbid_unauth_pipelining: 'yes',
    disable_vrfy_command: 'yes',
    smtpd_error_sleep_time: '0',
  };
}

const login = {
  smtpd_sasl_auth_enable: 'yes',
  smtpd_client_restrictions: 'permit_sasl_authenticated,reject',
  smtpd_tls_exclude_ciphers: 'aNULL',
  smtpd_tls_mandatory_exclude_ciphers: 'aNULL',
};
const sound: Readonly<Record<PlantedFault['service'], Settings>> = {
  smtp: { smtpd_tls_security_level: 'may' },
  submission: { ...login, smtpd_tls_security_level: 'encrypt' },
  submissions: { ...login, smtpd_tls_security_level: 'encrypt', smtpd_tls_wrappermode: 'yes' },
};

/** An authority, and files with key and certificate: sound ones and bad ones. */
async function makeCertificates(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]): Promise<unknown> => run('openssl', [...words]);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    ...['req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem')],
    ...['-subj', '/CN=Probe Test CA', '-days', '3650'],
  );
  const make = async (
    file: string,
    name: string,
    { days = '300', ca = true, newKey = key }: CertificateOptions = {},
  ): Promise<void> => {
    const signer = ca ? ['-CA', at('ca.pem'), '-CAkey', at('ca.key')] : [];
    await openssl(
      ...['req', '-x509', ...newKey, ...signer, '-keyout', at('key'), '-out', at('cert')],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', days],
    );
    const { stdout } = await run('cat', [at('key'), at('cert')]);
    await writeFile(at(file), stdout, { mode: 0o600 });
  };
  await make('mail.test.pem', 'mail.test');
  await make('other.pem', 'www.other.test');
  await make('own.pem', 'mail.test', { ca: false });
  await make('soon.pem', 'mail.test', { days: '5' });
  await make('short.pem', 'mail.test', { newKey: ['-newkey', 'rsa:1024', '-nodes'] });
}

type CertificateOptions = {
  readonly days?: string;
  readonly ca?: boolean;
  readonly newKey?: readonly string[];
};
