/**
 * What the commands `dns …` know about domains: from options, then from [identity] of the
 * configuration, then from the machine and the ledger. Everything may be missing; then only the
 * published records are checked.
 */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../../config/schema.ts';
import {
  type Identity,
  type IdentityKey,
  type MailServer,
  type MtaStsWish,
  mtaStsWishes,
} from '../../core/identity/identity.ts';
import { sendingServer } from '../../daemon/base/sending-identity.ts';
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
  /** Undefined if not known, or if no domain sends mail. */
  readonly server: MailServer | undefined;
  /** The identities, without policy files and certificates of other hosts. */
  readonly identities: readonly Identity[];
  /** Other domains in From of outgoing mail, the busiest first. */
  readonly others: readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

/**
 * Google, Yahoo and Microsoft require more of senders with more than 5,000 messages a day to one.
 */
const bulkPerDay = 5_000;
const domainsMax = 1_000;

export function identityOptions(command: Command): Command {
  const many = (read: (text: string) => string) => (text: string, before?: readonly string[]) => [
    ...(before ?? []),
    read(text),
  ];
  return command
    .option('--ip <address>', 'IP address that mail leaves from; may be given again', many(ipValue))
    .option('--host <name>', 'name of the mail server', nameValue)
    .option('--helo <name>', 'name that the server uses in EHLO (default: its name)', nameValue)
    .option('--never-sends', 'the domains never send mail, and their records should say so')
    .option('--bulk', 'the domains send more than 5,000 messages a day to one big provider')
    .option('--rua <address>', 'address for DMARC reports; may be given again', many(mailboxValue))
    .option('--tls-rua <address>', 'address for reports on failed TLS', many(mailboxValue))
    .option(
      '--mx <host>',
      'host that takes mail for the domains, if no MX is published',
      many(nameValue),
    )
    .addOption(
      new Option('--mta-sts <mode>', 'MTA-STS mode for mail to the domains').choices(mtaStsWishes),
    )
    .option('--key <selector=file>', 'private DKIM key that signs their mail', keyValue)
    .option('--selector <name>', 'selector of a DKIM key of another signer', many(String))
    .option('--certificate <file>', 'certificate of the mail server (PEM), for TLSA')
    .option('--state <dir>', stateHelp);
}

function ipValue(text: string): string {
  if (parseClientIp(text) === undefined) throw new InvalidArgumentError('Not an IP address.');
  return clientAddress(text);
}

/** The name as in DNS records; names in other scripts become A-labels. */
function nameValue(text: string): string {
  const bare = text.toLowerCase().replace(/\.$/, '');
  const ascii =
    /[^\0-\x7f]/.test(bare) && URL.canParse(`http://${bare}/`)
      ? new URL(`http://${bare}/`).hostname
      : bare;
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(ascii) || !askable(ascii)) {
    throw new InvalidArgumentError('Not a domain name.');
  }
  return ascii;
}

function mailboxValue(text: string): string {
  if (!/^[^\s@]+@[^\s@]+$/.test(text)) throw new InvalidArgumentError('Not a mail address.');
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

/** What is known about the named domains, or about all that this server signs or sends for. */
export async function knownDomains(
  named: readonly string[],
  options: IdentityOptions,
  { config, warn }: { readonly config: Config; warn(text: string): void },
): Promise<KnownDomains> {
  const memory = await domainMemory(options.state, config, warn);
  const given = named.map(domainArgument);
  const domains = [...new Set(given.length > 0 ? given : ownDomains(memory, config))];
  if (domains.length === 0) {
    throw new OperatorError('no-domain', 'no domain was named, and this server knows none yet', {
      hint: 'name one, such as example.org, after the command',
      exit: sysexits.usage,
    });
  }
  if (domains.length > domainsMax) {
    throw new OperatorError('no-domain', `${domains.length} domains, at most ${domainsMax}`, {
      hint: `name at most ${domainsMax} domains in one command`,
      exit: sysexits.usage,
    });
  }
  const server = sendingServer(config, options);
  const identities = domains.map((domain) =>
    identityOf(domain, { options, config, memory, server }),
  );
  // A domain that never sends needs no server.
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
    policyFile: { kind: 'none', why: 'there is no MTA-STS record yet' },
    certificates:
      certificate === '' || server?.host === undefined
        ? []
        : [{ host: server.host, digests: digestsOfFile(certificate) }],
    organisation: organisationOf,
  };
}
