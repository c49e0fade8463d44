/** What the checklist reads from Postfix besides doctor: outgoing TLS, addresses, certificate. */
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { SeenFinding } from '../../core/checklist/items/derive.ts';
import { outgoingFindings, roleFindings } from '../../core/checklist/items/outgoing.ts';
import { fine } from '../../core/finding.ts';
import { judgeCertificate } from '../../core/probe/tls.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import { wordsOf } from '../../partners/postfix/lists.ts';
import { postconf, postconfValues } from '../../partners/postfix/postconf.ts';
import { readClasses } from '../../partners/postfix/recipients/classes.ts';
import { knownIn } from '../../partners/postfix/recipients/known.ts';

/** Domains whose role addresses are looked up. */
const domainsMax = 20;
const roles = ['postmaster', 'abuse'] as const;

/** Undefined where there is no Postfix. */
async function folderOf(configDir: string | undefined): Promise<string | undefined> {
  return configDir ?? (await postconf('config_directory', undefined).catch(() => undefined));
}

export async function outgoing(configDir: string | undefined): Promise<readonly SeenFinding[]> {
  const folder = await folderOf(configDir);
  if (folder === undefined) return [];
  const names = [
    'smtp_tls_security_level',
    'smtp_use_tls',
    'relayhost',
    'internal_mail_filter_classes',
  ] as const;
  const values = await postconfValues(names, folder);
  // The old name counts where the new one is empty (postconf(5)).
  const old = values.smtp_use_tls === 'yes' ? 'may' : '';
  return outgoingFindings({
    tlsLevel: values.smtp_tls_security_level || old,
    relayHost: values.relayhost,
    ownNotices: wordsOf(values.internal_mail_filter_classes),
  });
}

/** Which of postmaster and abuse Postfix does not know, in each domain that it delivers. */
export async function roleAddresses(
  configDir: string | undefined,
): Promise<readonly SeenFinding[]> {
  const folder = await folderOf(configDir);
  if (folder === undefined) return [];
  const values = await postconfValues(['recipient_delimiter', 'virtual_alias_maps'], folder);
  const classes = (await readClasses(folder)).filter(({ kind }) => kind !== 'relay');
  const domains: string[] = [];
  const lacking: string[] = [];
  for (const one of classes) {
    const some = one.domains.filter((domain) => domain.includes('.')).slice(0, domainsMax);
    domains.push(...some);
    // Without a list, every address is accepted.
    if (one.recipients === '') continue;
    const asked = some.flatMap((domain) => roles.map((role) => `${role}@${domain}`));
    const tables = [...wordsOf(one.recipients), ...wordsOf(values.virtual_alias_maps)];
    const how = { delimiter: values.recipient_delimiter, isLocal: one.kind === 'local' };
    const known = await knownIn(tables, asked, { ...how, configDirectory: folder });
    lacking.push(...asked.filter((address) => !known.has(address)));
  }
  return roleFindings(domains, lacking);
}

/** The certificate that Postfix shows, from its file. */
export async function certificate(
  configDir: string | undefined,
  now: Millis,
): Promise<readonly SeenFinding[]> {
  const folder = await folderOf(configDir);
  if (folder === undefined) return [];
  const names = ['smtpd_tls_chain_files', 'smtpd_tls_cert_file', 'myhostname'] as const;
  const values = await postconfValues(names, folder);
  const [file = ''] = [
    ...wordsOf(values.smtpd_tls_chain_files),
    ...wordsOf(values.smtpd_tls_cert_file),
  ];
  if (file === '' || file === 'none') return [];
  const id = 'certificate.file';
  const title = `Certificate in ${file}`;
  try {
    const seen = seenIn(await readSmall(file));
    const port = { name: 'smtp', port: 25, implicit: false } as const;
    const findings = judgeCertificate(seen, { host: values.myhostname, now, port });
    const due = { at: seen.until, what: `certificate of ${values.myhostname}` };
    const day = new Date(seen.until).toISOString().slice(0, 10);
    return [{ ...fine(id, title, `for ${seen.names.join(', ')}, until ${day}`), due }, ...findings];
  } catch (cause) {
    const found = faultText(cause);
    const wanted = 'a certificate that Postfix can read';
    const isDenied = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
    if (isDenied) {
      return [{ id, kind: 'unknown', title, found, wanted, fix: 'run it as root' }];
    }
    const fix = 'put the file back, or correct smtpd_tls_chain_files in main.cf';
    return [{ id, kind: 'fail', title, found, wanted, fix }];
  }
}

/** Longer than any chain of certificates. */
const bytesMax = 1_000_000;

async function readSmall(file: string): Promise<Buffer> {
  const found = await stat(file);
  if (!found.isFile() || found.size > bytesMax) throw new Error('it is no file with a certificate');
  return readFile(file);
}

function seenIn(pem: Buffer): Parameters<typeof judgeCertificate>[0] {
  const { publicKey, subject, subjectAltName = '', validFrom, validTo } = new X509Certificate(pem);
  const alternatives = subjectAltName
    .split(', ')
    .flatMap((name) => (name.startsWith('DNS:') ? [name.slice('DNS:'.length)] : []));
  const [, common] = /^CN=(.+)$/m.exec(subject ?? '') ?? [];
  return {
    names: alternatives.length > 0 || common === undefined ? alternatives : [common],
    from: Date.parse(validFrom) as Millis,
    until: Date.parse(validTo) as Millis,
    // The chain is seen from outside, by a probe.
    untrusted: '',
    rsaBits:
      publicKey.asymmetricKeyType === 'rsa'
        ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0)
        : 0,
  };
}
