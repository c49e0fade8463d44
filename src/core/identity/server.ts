/**
 * Checks the mail server: its names have its addresses, its addresses have names, and both agree
 * (forward-confirmed reverse DNS, which all big receivers require). The name in EHLO is checked
 * too.
 */
import type { DnsAnswer, DnsLookup, DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { parseClientIp, reverseName } from '../../formats/spf/network.ts';
import { type Finding, fine } from '../finding.ts';
import {
  type AddressRecord,
  type Aspect,
  type AspectSubject,
  comparedAspect,
  recordOf,
  remark,
  stuckAspect,
  type TargetRecord,
  together,
  unknownAspect,
} from './aspect.ts';
import type { MailServer } from './identity.ts';
import { placeOf, type ZoneView } from './zones/place.ts';

/** Names of one address that are checked; some hosting companies set many. */
const namesMax = 8;

const isAddress = (one: DnsRecord): one is AddressRecord => one.type === 'A' || one.type === 'AAAA';
const isTarget = (one: DnsRecord): one is TargetRecord => one.type === 'PTR';

export function* serverAspect(server: MailServer, view: ZoneView): DnsLookup<Aspect> {
  const names = new Set([server.host, server.helo].filter((name) => name !== undefined));
  const aspects: Aspect[] = server.helo === undefined ? [] : [remark(heloName(server.helo))];
  for (const name of names) {
    for (const type of ['A', 'AAAA'] as const) {
      aspects.push(yield* forward({ name, type }, server, view));
    }
  }
  for (const address of server.addresses) {
    aspects.push(yield* reverse(address, server, view));
  }
  return together(aspects);
}

/** GMX and Microsoft refuse mail from servers without a full host name in EHLO. */
function heloName(helo: string): Finding {
  const id = 'host.helo';
  const title = 'the name in EHLO';
  const good = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
  const local = /(?:^|\.)(?:localhost|localdomain|local|lan|internal|home|invalid)$/;
  if (good.test(helo) && !local.test(helo) && !/^[\d.]+$/.test(helo)) return fine(id, title, helo);
  const fix = 'set myhostname (or smtp_helo_name) in main.cf to a name that the DNS knows';
  return { id, kind: 'fail', title, found: helo, wanted: 'mail.example.org', fix };
}

function* forward(
  { name, type }: { readonly name: string; readonly type: 'A' | 'AAAA' },
  server: MailServer,
  view: ZoneView,
): DnsLookup<Aspect> {
  const mine = server.addresses.filter((one) => one.includes(':') === (type === 'AAAA'));
  if (mine.length === 0) return together([]);
  const subject: AspectSubject = {
    id: `host.${name}.${type}`,
    title: `address records of ${name}`,
    name,
    type,
  };
  const published = yield* placeOf({ name, type, fits: isAddress }, view);
  if (published.kind === 'unknown') return unknownAspect(subject, published.why);
  const has = published.records.map(({ address }) => address);
  const lacking = mine.filter((address) => !has.includes(address));
  return comparedAspect(subject, published, {
    wanted: [
      ...published.records,
      ...lacking.map((address) => recordOf(published.name, { type, address })),
    ],
    severity: 'fail',
    right: 'the name of the server has the addresses that mail leaves from',
    wrong: `mail leaves from ${lacking.join(', ')}, but the name does not lead there`,
  });
}

function* reverse(address: string, server: MailServer, view: ZoneView): DnsLookup<Aspect> {
  const ip = parseClientIp(address);
  if (ip === undefined) return together([]);
  const name = reverseName(ip);
  const subject: AspectSubject = {
    id: `host.reverse.${address}`,
    title: `reverse name of ${address}`,
    name,
    type: 'PTR',
    where: 'reverse',
  };
  const published = yield* placeOf({ name, type: 'PTR', fits: isTarget }, view);
  if (published.kind === 'unknown') return unknownAspect(subject, published.why);
  const names = published.records.map(({ target }) => target).slice(0, namesMax);
  const type = address.includes(':') ? 'AAAA' : 'A';
  const answers = yield names.map((one): DnsQuestion => ({ name: one, type }));
  const judged = names.map((one, nth) => ({
    target: one,
    fault: nameFault(one, address, answers[nth], server),
  }));
  const silent = judged.find(({ fault }) => fault?.kind === 'unknown')?.fault;
  const good = judged.some(({ fault }) => fault === undefined);
  if (!good && silent !== undefined) return unknownAspect(subject, silent.text);
  const wrong =
    judged[0]?.fault?.text ??
    'Gmail, Yahoo, Comcast and GMX turn away mail from an address without a name';
  const { host } = server;
  if (!good && host === undefined) {
    return stuckAspect(subject, {
      published: published.records,
      severity: 'fail',
      wrong,
      wanted: 'the name of the mail server',
      fix: 'say what it is called: --host, or identity.host in postern.toml',
    });
  }
  const wanted =
    good || host === undefined
      ? published.records
      : [recordOf(published.name, { type: 'PTR', target: host })];
  return comparedAspect(subject, published, {
    wanted,
    severity: 'fail',
    wrong,
    right: 'name and address agree',
  });
}

type NameFault = { readonly kind: 'bad' | 'unknown'; readonly text: string };

function nameFault(
  name: string,
  address: string,
  answer: DnsAnswer | undefined,
  server: MailServer,
): NameFault | undefined {
  // The address record of this name is part of the same plan.
  if (name === server.host || name === server.helo) return undefined;
  if (looksGeneric(name, address)) {
    return {
      kind: 'bad',
      text: `${name} looks like the internet line of a customer, not like a mail server`,
    };
  }
  if (answer === undefined) return { kind: 'unknown', text: 'no answer was given' };
  if (answer.kind === 'failure') return { kind: 'unknown', text: answer.text };
  const back = answer.kind === 'records' ? answer.records.filter(isAddress) : [];
  if (back.some((one) => one.address === address)) return undefined;
  return { kind: 'bad', text: `${name} does not lead back to ${address}` };
}

/**
 * True for names that providers make from the address, or that mean dynamic addresses. Receivers
 * take such hosts for home connections.
 */
function looksGeneric(name: string, address: string): boolean {
  if (genericWord.test(name)) return true;
  const host = name.split('.').slice(0, -2).join('.');
  if (address.includes(':')) return /(?:[0-9a-f]{1,4}[-.]){5,}/.test(host);
  const octets = address.split('.');
  const numbers = (host.match(/\d+/g) ?? []).map((one) => String(Number(one)));
  const among = octets.filter((octet) => numbers.includes(octet));
  return among.length === 4 || host.replace(/\D/g, '').includes(octets.join(''));
}

const lineWords = 'dyn|dynamic|dhcp|dialup|dial|dip|pool|ppp|pppoe|adsl|dsl|cable|customer|client';
const genericWord = new RegExp(`(?:^|[.-])(?:${lineWords}|broadband)(?:[.-]|\\d*\\.)`);
