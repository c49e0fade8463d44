/**
 * What the commands `dns …` know of the domains they are asked about: options, then [identity] of
 * the configuration, then the machine and the ledger. All of it may be missing; then only what the
 * DNS itself says is judged.
 */
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../../config/schema.ts';
import {
  type Identity,
  type IdentityKey,
  type MailServer,
  type MtaStsWish,
  mtaStsWishes,
} from '../../core/identity/identity.ts';
import { askable } from '../../formats/dns/name.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { parseClientIp } from '../../formats/spf/network.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openPrivateKey } from '../../lib/private-key.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';
import { digestsOfFile } from '../../partners/dns/server-certificate.ts';
import { stateHelp } from '../terminal/help.ts';
import { type DomainMemory, domainMemory } from './domain-memory.ts';

export type IdentityOptions = {
  readonly ip?: readonly string[];
  readonly host?: string;
  readonly helo?: string;
  readonly neverSends?: true;
  readonly bulk?: true;
  readonly rua?: readonly string[];
  readonly tlsRua?: readonly string[];
  readonly mx?: readonly string[];
  readonly mtaSts?: MtaStsWish;
  readonly key?: readonly IdentityKey[];
  readonly selector?: readonly string[];
  readonly certificate?: string;
  readonly state?: string;
};

export type KnownDomains = {
  /** Undefined too where none of the domains sends. */
  readonly server: MailServer | undefined;
  /** Without what has to be fetched. */
  readonly identities: readonly Identity[];
  /** Domains in From of mail that left here, which nobody asked about, the busiest first. */
  readonly others: readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

/** Google, Yahoo and Microsoft ask more of those who send more (5,000 a day to one of them). */
const bulkPerDay = 5_000;
const domainsMax = 1_000;

export function identityOptions(command: Command): Command {
  const many = (read: (text: string) => string) => (text: string, before?: readonly string[]) => [
    ...(before ?? []),
    read(text),
  ];
  return command
    .option('--ip <address>', 'address that mail leaves from; may be given again', many(ipValue))
    .option('--host <name>', 'name of the mail server', nameValue)
    .option('--helo <name>', 'what it says in EHLO (default: its name)', nameValue)
    .option('--never-sends', 'the domains never send mail, and should say so')
    .option('--bulk', 'they send more than 5,000 messages a day to one big provider')
    .option('--rua <address>', 'who gets DMARC reports; may be given again', many(mailboxValue))
    .option('--tls-rua <address>', 'who gets reports on failed TLS', many(mailboxValue))
    .option(
      '--mx <host>',
      'where mail to the domains goes, if nothing is published',
      many(nameValue),
    )
    .addOption(new Option('--mta-sts <mode>', 'MTA-STS for mail to them').choices(mtaStsWishes))
    .option('--key <selector=file>', 'a private DKIM key they are signed with', keyValue)
    .option('--selector <name>', 'a DKIM key to look at without having it', many(String))
    .option('--certificate <file>', 'certificate of the mail server (PEM), for TLSA')
    .option('--state <dir>', stateHelp);
}

function ipValue(text: string): string {
  if (parseClientIp(text) === undefined) throw new InvalidArgumentError('It is no IP address.');
  return clientAddress(text);
}

/** In the form of records; names in other scripts as A-labels. */
function nameValue(text: string): string {
  const bare = text.toLowerCase().replace(/\.$/, '');
  const ascii =
    /[^\0-\x7f]/.test(bare) && URL.canParse(`http://${bare}/`)
      ? new URL(`http://${bare}/`).hostname
      : bare;
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(ascii) || !askable(ascii)) {
    throw new InvalidArgumentError('It is no domain name.');
  }
  return ascii;
}

function mailboxValue(text: string): string {
  if (!/^[^\s@]+@[^\s@]+$/.test(text)) throw new InvalidArgumentError('It is no mail address.');
  return text.replace(/^mailto:/i, '');
}

function keyValue(text: string, before: readonly IdentityKey[] = []): readonly IdentityKey[] {
  const [, selector, file] = /^([a-z0-9_.-]+)=(.+)$/i.exec(text) ?? [];
  if (selector === undefined || file === undefined) {
    throw new InvalidArgumentError('It must be SELECTOR=FILE.');
  }
  return [...before, { ...readKey(file), selector: selector.toLowerCase(), state: 'published' }];
}

function readKey(file: string): Pick<IdentityKey, 'algorithm' | 'publicKey'> {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    throw new OperatorError('key-unread', `cannot read the key ${file}`, {
      cause,
      exit: sysexits.noInput,
    });
  }
  const key = openPrivateKey(text);
  if (!key.ok) {
    throw new OperatorError('key-unread', `the key ${file} ${key.error.text}`, {
      exit: sysexits.dataErr,
    });
  }
  return { algorithm: key.value.type, publicKey: key.value.publicKey };
}

/** Domains on the command line; none: all that this server is known to sign or send for. */
export async function knownDomains(
  named: readonly string[],
  options: IdentityOptions,
  { config, warn }: { readonly config: Config; warn(text: string): void },
): Promise<KnownDomains> {
  const memory = await domainMemory(options.state, config, warn);
  const given = named.map(domainArgument);
  const domains = [...new Set(given.length > 0 ? given : ownDomains(memory, config))];
  if (domains.length === 0) {
    throw new OperatorError('no-domain', 'which domain? none is known here yet', {
      hint: 'name it: postern dns check example.org',
      exit: sysexits.usage,
    });
  }
  if (domains.length > domainsMax) {
    throw new OperatorError('no-domain', `${domains.length} domains are too many at once`, {
      hint: `name at most ${domainsMax}`,
      exit: sysexits.usage,
    });
  }
  const server = serverOf(options, config);
  const identities = domains.map((domain) =>
    identityOf(domain, { options, config, memory, server }),
  );
  // Who never sends needs no server.
  return {
    server: identities.some(({ sends }) => sends) ? server : undefined,
    identities,
    others: memory.others(domains),
  };
}

function domainArgument(text: string): string {
  try {
    return nameValue(text);
  } catch (cause) {
    throw new OperatorError('no-domain', `${text} is no domain name`, {
      cause,
      exit: sysexits.usage,
    });
  }
}

function ownDomains(memory: DomainMemory, { identity }: Config): readonly string[] {
  return [...new Set([...memory.domains, ...identity.never_send])].sort();
}

/** Undefined where nobody says from where mail leaves: this may be any machine. */
function serverOf(options: IdentityOptions, config: Config): MailServer | undefined {
  const { identity } = config;
  const named = [options.host, identity.host, config.host, hostname()];
  const host = named.find((one) => one?.includes('.'))?.toLowerCase();
  const set = options.ip ?? identity.addresses.map(clientAddress);
  const addresses = set.length > 0 ? set : publicAddresses();
  if (addresses.length === 0) return undefined;
  return { host, helo: options.helo ?? host, addresses: [...new Set(addresses)] };
}

function publicAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, address }) => !internal && isPublic(address))
    .map(({ address }) => clientAddress(address));
}

/**
 * Not private, shared, link-local or for documentation (RFC 6890), and no temporary IPv6 address
 * can be told apart.
 */
function isPublic(address: string): boolean {
  return !/^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cde]|::|0\.)/i.test(
    address,
  );
}

type Sources = {
  readonly options: IdentityOptions;
  readonly config: Config;
  readonly memory: DomainMemory;
  readonly server: MailServer | undefined;
};

function identityOf(domain: string, { options, config, memory, server }: Sources): Identity {
  const { identity } = config;
  const sent = memory.sent(domain);
  const certificate = options.certificate ?? identity.certificate;
  return {
    domain,
    sends: options.neverSends !== true && !identity.never_send.includes(domain),
    sent,
    bulk: options.bulk === true || (sent?.messagesPerDay ?? 0) > bulkPerDay,
    server,
    keys: [...(options.key ?? []), ...memory.keys(domain)],
    signedBy: memory.signedBy(domain),
    selectors: options.selector ?? [],
    dmarcReports: options.rua ?? identity.dmarc_reports,
    tlsReports: options.tlsRua ?? identity.tls_reports,
    mx: options.mx ?? [],
    mtaSts: options.mtaSts ?? identity.mta_sts,
    policyFile: { kind: 'none', why: 'there is no record of it yet' },
    certificates:
      certificate === '' || server?.host === undefined
        ? []
        : [{ host: server.host, digests: digestsOfFile(certificate) }],
    organisation: organisationOf,
  };
}
