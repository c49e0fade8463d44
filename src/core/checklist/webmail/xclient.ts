/**
 * Who may say that it speaks for another client (XCLIENT), or pass on what it knows of one
 * (XFORWARD). With XCLIENT a program can claim any address and any login, without a password. Pure.
 */
import type { MainCf } from '../../../formats/postfix/main-cf.ts';
import { type MasterCf, override, type Service } from '../../../formats/postfix/master-cf.ts';
import { isAmong, parseNetwork } from '../../../formats/postfix/network-list.ts';
import { expandedValue, smtpdServices } from '../../../formats/postfix/services.ts';
import { fine } from '../../finding.ts';
import type { SeenFinding } from '../items/derive.ts';

export type XclientFacts = {
  readonly main: MainCf;
  readonly master: MasterCf;
  /** Addresses of this machine: whoever is here can connect from them. */
  readonly own: readonly string[];
};

type Width = 'loopback' | 'network' | 'host' | 'table';
type Grant = {
  readonly service: Service;
  readonly word: string;
  readonly width: Width;
  /** Set by `-o` in master.cf. */
  readonly isOption: boolean;
  /** A filter returns mail there. */
  readonly takesBack: boolean;
};
type Parameter = 'smtpd_authorized_xclient_hosts' | 'smtpd_authorized_xforward_hosts';

const clientsOf = 'smtpd_authorized_xclient_hosts';
const forwardsOf = 'smtpd_authorized_xforward_hosts';
const localWord = /^(?:localhost(?:\..*)?|127\..*|\[?::1\]?(?:\/.*)?)$/i;

function widthOf(word: string, own: readonly string[], name: string): Width {
  if (localWord.test(word) || (name !== '' && word.toLowerCase() === name)) return 'loopback';
  const network = parseNetwork(word);
  if (network !== undefined) {
    if (network.bits !== network.address.octets.length * 8) return 'network';
    return own.some((address) => isAmong(address, [network])) ? 'loopback' : 'host';
  }
  if (/^static:/.test(word) || word.startsWith('.')) return 'network';
  return /[:/]/.test(word) ? 'table' : 'host';
}

/**
 * Only who has the right key can say anything there: TLS from the first byte, and a certificate
 * from one authority that is not a public one. Or it is a socket in Postfix's own folders, which
 * other users cannot enter.
 */
function isClosed(main: MainCf, service: Service): boolean {
  if (service.type === 'unix') return true;
  const value = (name: string): string => expandedValue(main, service, name);
  const authority = value('smtpd_tls_CAfile');
  return (
    value('smtpd_tls_wrappermode') === 'yes' &&
    value('smtpd_tls_req_ccert') === 'yes' &&
    value('smtpd_tls_CApath') === '' &&
    value('tls_append_default_CA') !== 'yes' &&
    authority !== '' &&
    !authority.startsWith('/etc/ssl/certs/')
  );
}

function grants({ main, master, own }: XclientFacts, parameter: Parameter): readonly Grant[] {
  return smtpdServices(main, master).flatMap(({ role, service }) => {
    const name = expandedValue(main, service, 'myhostname').toLowerCase();
    return expandedValue(main, service, parameter)
      .split(/[\s,]+/)
      .filter((word) => word !== '' && !word.startsWith('!'))
      .map((word) => ({
        service,
        word,
        width: widthOf(word, own, name),
        isOption: override(service, parameter) !== undefined,
        takesBack: role === 'reinjection',
      }));
  });
}

/** Where programs of any user of this machine, or of a whole network, may use XCLIENT. */
function openGrants(facts: XclientFacts): readonly Grant[] {
  return grants(facts, clientsOf).filter(
    ({ service, width }) =>
      (width === 'loopback' || width === 'network') && !isClosed(facts.main, service),
  );
}

/** Whether a login that a client claims by XCLIENT may be an invention of any user here. */
export function isXclientOpen(facts: XclientFacts): boolean {
  return openGrants(facts).length > 0;
}

const named = (some: readonly Grant[]): string =>
  [...new Set(some.map(({ service, word }) => `${word} at ${service.name}`))].join(', ');

/** How the operator takes the right away: in main.cf, in master.cf, or in both. */
function withdrawal(some: readonly Grant[], parameter: Parameter): string {
  const options = some.filter(({ isOption }) => isOption).map(({ service }) => service.name);
  const isInMain = some.some(({ isOption }) => !isOption);
  return [
    ...(options.length === 0
      ? []
      : [`remove -o ${parameter}=… from ${[...new Set(options)].join(', ')} in master.cf`]),
    ...(isInMain ? [`postconf -e ${parameter}=`] : []),
    'postfix reload',
  ].join('\n');
}

/** The finding; with a command where main.cf alone has to be changed. */
function withCommand(
  finding: SeenFinding,
  some: readonly Grant[],
  parameter: Parameter,
): SeenFinding {
  if (some.some(({ isOption }) => isOption)) return finding;
  return { ...finding, command: { postconf: `${parameter}=` } };
}

export function checkXclient(facts: XclientFacts): readonly SeenFinding[] {
  return [clients(facts), forwards(facts)];
}

function clients(facts: XclientFacts): SeenFinding {
  const id = 'postfix.xclient';
  const title = 'Logins that a program only claims (XCLIENT)';
  const wanted = 'no program of another user can claim a login';
  const open = openGrants(facts);
  if (open.length > 0) {
    const finding: SeenFinding = {
      id,
      kind: 'fail',
      title,
      found:
        `any program at ${named(open)} may claim any address and login without a password; ` +
        'Postern does not believe such logins',
      wanted,
      fix: `${withdrawal(open, clientsOf)}\nfor a webmail on this machine: postern connect webmail`,
    };
    return withCommand(finding, open, clientsOf);
  }
  const all = grants(facts, clientsOf);
  const tables = all.filter(
    ({ service, width }) => width === 'table' && !isClosed(facts.main, service),
  );
  if (tables.length > 0) {
    const found = `open to ${named(tables)}, a table that is not read here`;
    const fix = 'look whether the table names this machine or a whole network';
    return { id, kind: 'unknown', title, found, wanted, fix };
  }
  return fine(id, title, all.length === 0 ? 'off, as by default' : `only ${named(all)}`);
}

function forwards(facts: XclientFacts): SeenFinding {
  const id = 'postfix.xforward';
  const title = 'Clients that a program only names (XFORWARD)';
  const open = grants(facts, forwardsOf).filter(
    ({ takesBack, width }) => width === 'network' || (width === 'loopback' && !takesBack),
  );
  if (open.length === 0) return fine(id, title, 'off, or only where a filter returns mail');
  const finding: SeenFinding = {
    id,
    kind: 'warn',
    title,
    found:
      `any program at ${named(open)} may put a false client into the mail log; Postern judges by ` +
      'the client that connected',
    wanted: 'only where a filter returns mail',
    fix: withdrawal(open, forwardsOf),
  };
  return withCommand(finding, open, forwardsOf);
}
