/**
 * Plans the service of `postern connect webmail` in master.cf. Pure: text in, text out.
 *
 * The service is on loopback, where every program of this machine can connect. Whoever has no
 * certificate of the webmail's gets no answer: TLS comes before the first command. Who has one may
 * name the address of a person (XCLIENT ADDR), and nothing else; people log in with their own
 * passwords. docs/adr/0008-webmail-certificate.md says what else was considered.
 */
import { expand, type MainCf, mainValue, parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { parseMasterCf, type Service } from '../../../formats/postfix/master-cf.ts';
import { smtpdServices } from '../../../formats/postfix/services.ts';
import { webmailService } from '../../../formats/webmail/service.ts';
import type { PostfixFiles } from '../postfix-plan.ts';

export type WebmailPaths = {
  /** Key and certificate, which the webmail and Postfix read. */
  readonly key: string;
  /** The certificate alone: what Postfix trusts. */
  readonly certificate: string;
  /** The table of commands that are not taken. */
  readonly commands: string;
};

const heading = '# Only a webmail can use this. To undo: postern connect webmail --undo';
/** Options by which the service that people log in at now differs from main.cf. */
const copied: readonly RegExp[] = [
  /^smtpd_(?:sasl|sender)_/,
  /^smtpd_(?:reject_unlisted_sender|milters)$/,
  /^(?:content_filter|cleanup_service_name|postern_when_down)$/,
];
const never = /^smtpd_sasl_auth_enable$|^smtpd_sasl_exceptions_networks$/;

/**
 * The commands that a webmail may not send: each XCLIENT but one that names an address alone. The
 * word is looked for behind blanks and signs too, which Postfix skips.
 */
export const commandTable: string = [
  '# Made by postern connect webmail.',
  'if /^[^[:alnum:]]*XCLIENT/',
  // Roundcube says [UNAVAILABLE] where it does not know the address.
  '!/^XCLIENT ADDR=((IPV6:)?[0-9A-F:.]+|\\[UNAVAILABLE\\])$/ XCLIENT-REFUSED',
  'endif',
  '',
].join('\n');

/** The service at which people log in now; undefined without one. */
export function loginService({ main, master }: PostfixFiles): Service | undefined {
  const services = smtpdServices(parseMainCf(main), parseMasterCf(master)).filter(
    ({ login, proxied, role }) => login && !proxied && role !== 'reinjection',
  );
  const best = (['submission', 'submissions', 'smtp'] as const)
    .map((wanted) => services.find(({ role }) => role === wanted))
    .find((found) => found !== undefined);
  return best?.service;
}

function serviceName(port: number): string {
  return `127.0.0.1:${port}`;
}

/** Another service has the port. */
export function isPortUsed(master: string, port: number): boolean {
  return parseMasterCf(master).services.some(
    ({ name, type }) => type === 'inet' && (name === String(port) || name.endsWith(`:${port}`)),
  );
}

/** master.cf with the service. */
export function withService(
  files: PostfixFiles,
  like: Service,
  { paths, port }: { readonly paths: WebmailPaths; readonly port: number },
): string {
  const main = parseMainCf(files.main);
  const options = [...fixedOptions(main, paths), ...ofLogin(like)];
  const lines = [
    heading,
    `${serviceName(port)} inet n - ${like.chroot} - - smtpd`,
    ...options.map(([name, value]) => `  -o ${optionText(name, value)}`),
  ];
  const end = files.master === '' || files.master.endsWith('\n') ? '' : '\n';
  return `${files.master}${end}${lines.join('\n')}\n`;
}

type Option = readonly [name: string, value: string];

function fixedOptions(main: MainCf, paths: WebmailPaths): readonly Option[] {
  const policy = mainValue(main, 'postern_policy') === undefined ? '' : '$postern_policy,';
  const log = expand(mainValue(main, 'syslog_name') ?? 'postfix', (name) => mainValue(main, name));
  return [
    ['syslog_name', `${log.includes('$') ? 'postfix' : log}/webmail`],
    ['milter_macro_daemon_name', webmailService],
    ['smtpd_tls_wrappermode', 'yes'],
    ['smtpd_tls_security_level', 'encrypt'],
    ['smtpd_tls_req_ccert', 'yes'],
    ['smtpd_tls_CAfile', paths.certificate],
    ['smtpd_tls_CApath', ''],
    ['tls_append_default_CA', 'no'],
    // A session that another service began must not be continued here without a certificate.
    ['tls_ssl_options', 'NO_TICKET'],
    ['smtpd_tls_chain_files', paths.key],
    ['smtpd_authorized_xclient_hosts', '127.0.0.1'],
    ['smtpd_authorized_xforward_hosts', ''],
    ['smtpd_command_filter', `regexp:${paths.commands}`],
    ['smtpd_sasl_auth_enable', 'yes'],
    ['smtpd_client_restrictions', 'permit_sasl_authenticated,reject'],
    ['smtpd_relay_restrictions', 'permit_sasl_authenticated,reject'],
    ['smtpd_recipient_restrictions', `${policy}permit_sasl_authenticated,reject`],
  ];
}

function ofLogin({ overrides }: Service): readonly Option[] {
  return overrides
    .filter(({ name }) => copied.some((form) => form.test(name)) && !never.test(name))
    .map(({ name, value }) => [name, value]);
}

function optionText(name: string, value: string): string {
  return /\s/.test(value) ? `{ ${name} = ${value} }` : `${name}=${value}`;
}

/** master.cf without the service, where other lines were changed since. */
export function withoutService(master: string, port: number): string {
  const { services, source } = parseMasterCf(master);
  const ours = services.find(({ name, type }) => type === 'inet' && name === serviceName(port));
  if (ours === undefined) return master;
  return source.lines
    .filter((line, at) => (at < ours.first || at > ours.last) && line.trimEnd() !== heading)
    .join('');
}
