/**
 * Finds the smtpd services in main.cf and master.cf, the purpose of each, and the value of a
 * parameter that counts for it. Pure.
 */
import { expand, type MainCf, mainValue } from './main-cf.ts';
import { type MasterCf, override, type Service } from './master-cf.ts';

export type SmtpdRole =
  /** Port 587 and similar: clients with a login. */
  | 'submission'
  /** Port 465: the same, with TLS from the first byte. */
  | 'submissions'
  /** Port 25, or connections that postscreen passes on. */
  | 'smtp'
  /** Where a content filter returns mail. */
  | 'reinjection';
export type SmtpdService = {
  readonly service: Service;
  readonly role: SmtpdRole;
  /** Whether clients can log in here. */
  readonly login: boolean;
  /** smtpd_proxy_filter is set: Postfix passes the content on, and shows it to no milter. */
  readonly proxied: boolean;
};

const submissionNames = new Set(['submission', '587']);
const submissionsNames = new Set(['submissions', 'smtps', 'urd', 'ssmtp', '465']);
const smtpNames = new Set(['smtp', '25', 'smtpd']);

/** The value that counts for a service, unexpanded: its override, else the value in main.cf. */
function serviceValue(main: MainCf, service: Service, name: string): string | undefined {
  return override(service, name)?.value ?? mainValue(main, name);
}

/** The value that counts for a service, with every `$name` replaced. */
export function expandedValue(main: MainCf, service: Service, name: string): string {
  const look = (wanted: string): string | undefined => serviceValue(main, service, wanted);
  return expand(look(name) ?? '', look).trim();
}

export function smtpdServices(main: MainCf, master: MasterCf): readonly SmtpdService[] {
  const filtered = hasContentFilter(main, master);
  return master.services
    .filter(({ command }) => command === 'smtpd')
    .map((service) => {
      const login = expandedValue(main, service, 'smtpd_sasl_auth_enable') === 'yes';
      const proxied = expandedValue(main, service, 'smtpd_proxy_filter') !== '';
      // A filter that returned mail here would get it again.
      const asks = proxied || expandedValue(main, service, 'content_filter') !== '';
      const known = { login, filtered, asks };
      return { service, login, proxied, role: role(service, known) };
    });
}

function role(
  service: Service,
  known: { readonly login: boolean; readonly filtered: boolean; readonly asks: boolean },
): SmtpdRole {
  const port = service.name.slice(service.name.lastIndexOf(':') + 1);
  const label = override(service, 'syslog_name')?.value.split('/').at(-1) ?? '';
  const wrapped = override(service, 'smtpd_tls_wrappermode')?.value === 'yes';
  if (submissionsNames.has(port) || wrapped) return 'submissions';
  if (submissionNames.has(port) || submissionNames.has(label)) return 'submission';
  if (submissionsNames.has(label)) return 'submissions';
  const mayTakeBack = !known.login && !known.asks && !smtpNames.has(port);
  if (mayTakeBack && takesBack(service, known.filtered)) return 'reinjection';
  const own = override(service, 'smtpd_sasl_auth_enable')?.value === 'yes';
  return own ? 'submission' : 'smtp';
}

export function isOnLoopback({ name }: Service): boolean {
  return /^(127\.|localhost:|\[::1\]|::1)/.test(name);
}

/** Checks that a filter has made already; turned off where it returns mail. */
const doneBefore = /\bno_(?:unknown_recipient_checks|header_body_checks)\b/;

/**
 * Whether a filter returns mail here. Postfix may name the filter in a table (FILTER), so the
 * options of the service decide: it uses no filter again (`-o content_filter=`), accepts what the
 * filter says about the client (XFORWARD), or omits checks that were made before.
 */
function takesBack(service: Service, filtered: boolean): boolean {
  const asksNone = override(service, 'content_filter')?.value === '';
  const believes = (override(service, 'smtpd_authorized_xforward_hosts')?.value ?? '') !== '';
  const skips = doneBefore.test(override(service, 'receive_override_options')?.value ?? '');
  if (isOnLoopback(service)) return filtered || asksNone || believes || skips;
  // A service for printers may turn the filter off too, but it has no clients of its own.
  const clients = override(service, 'mynetworks') !== undefined;
  return asksNone && (clients || believes || skips);
}

/** Whether Postfix sends mail to a filter that returns it through an extra smtpd. */
function hasContentFilter(main: MainCf, master: MasterCf): boolean {
  const names = ['content_filter', 'smtpd_proxy_filter'];
  const inMain = names.some((name) => (mainValue(main, name) ?? '') !== '');
  return (
    inMain ||
    master.services.some((service) =>
      names.some((name) => (override(service, name)?.value ?? '') !== ''),
    )
  );
}

const loopback = /^(?:loopback-only|localhost|127\.[\d.]+|\[?::1\]?)$/i;

/** Whether another machine can connect: a TCP port that is not bound to loopback. */
export function isReachable(main: MainCf, service: Service): boolean {
  if (service.type !== 'inet' && service.type !== 'pass') return false;
  if (isOnLoopback(service)) return false;
  if (service.name.includes(':')) return true;
  const look = (name: string): string | undefined => mainValue(main, name);
  const interfaces = expand(look('inet_interfaces') ?? 'all', look)
    .split(/[\s,]+/)
    .filter((one) => one !== '');
  return !interfaces.every((one) => loopback.test(one));
}
