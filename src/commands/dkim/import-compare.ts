/**
 * `postern dkim import … --compare`: signs a message of each domain with the other signer and with
 * the keys that Postern would use, and compares.
 */
import { chooseKeys, type SigningRules } from '../../core/signing/choose.ts';
import { keyName, recordText } from '../../core/signing/key.ts';
import { openSigner } from '../../formats/dkim/sign.ts';
import { algorithmOf, type SigningKey } from '../../formats/dkim/signing-key.ts';
import { openVerifier } from '../../formats/dkim/verify.ts';
import { answeredLater, type DnsAnswer } from '../../formats/dns/question.ts';
import { txtStrings } from '../../formats/dns/record.ts';
import {
  type AuthorAddress,
  authorFor,
  type SignerSetup,
} from '../../formats/filters/signer-setup.ts';
import { faultText } from '../../lib/error-text.ts';
import { minuteMs } from '../../lib/time.ts';
import { plain } from '../terminal/format.ts';
import { paint, table } from '../terminal/table.ts';
import type { ReadableKey } from './import-keys.ts';

export type ComparedDomain = {
  /** The domain in From; `*.example.org` and `*` were tried with a made-up name. */
  readonly from: string;
  /** What signed: `s1 of example.org`. With a remark if the key is another one. */
  readonly old: readonly string[];
  readonly postern: readonly string[];
  readonly same: boolean;
  /** The other signer makes a signature that Postern does not make. */
  readonly loses: boolean;
  /** Why the other signer could not be asked; empty if it was. */
  readonly fault: string;
};

/** Asks the other signer for the DKIM-Signature fields of a message. */
export type AskSigner = (message: string, author: AuthorAddress) => Promise<readonly string[]>;
/** What the other signer answered about one domain. */
export type OldAnswer = {
  readonly from: string;
  readonly author: AuthorAddress;
  readonly fields: readonly string[];
  readonly fault: string;
};

/** Domains that are tried: OpenDKIM is started for each. */
const domainsMax = 1_000;
/** A signer that does not answer costs a minute for each domain; after this it is not asked. */
const failedMsMax = 2 * minuteMs;

/**
 * The answers of the other signer for every domain that its configuration speaks of. `now`: a clock
 * that never goes back.
 */
export async function askOld(
  setup: Pick<SignerSetup, 'froms'>,
  ask: AskSigner,
  now: () => number,
): Promise<readonly OldAnswer[]> {
  const answers: OldAnswer[] = [];
  let failedMs = 0;
  let last = '';
  for (const [nth, from] of setup.froms.entries()) {
    const author = authorFor(from);
    const one = { from: from.host, author };
    if (nth >= domainsMax || failedMs >= failedMsMax) {
      const fault = nth >= domainsMax ? `only ${domainsMax} domains are tried` : last;
      answers.push({ ...one, fields: [], fault });
      continue;
    }
    const start = now();
    try {
      answers.push({ ...one, fields: await ask(messageText(author), author), fault: '' });
    } catch (error) {
      failedMs += now() - start;
      last = faultText(error);
      answers.push({ ...one, fields: [], fault: last });
    }
  }
  return answers;
}

/**
 * `all`: keys that could be read; `used`: those of them with which Postern signs. `rules`: with the
 * lines that the import advises.
 */
export async function compareSigners(
  answers: readonly OldAnswer[],
  keys: { readonly all: readonly ReadableKey[]; readonly used: readonly ReadableKey[] },
  rules: SigningRules,
): Promise<readonly ComparedDomain[]> {
  const signingKeys = keys.used.map(
    ({ domain, selector, opened }): SigningKey => ({
      domain,
      selector,
      algorithm: algorithmOf(opened.type),
      sign: opened.sign,
    }),
  );
  const byDomain = Map.groupBy(signingKeys, ({ domain }) => domain);
  const keysOf = (domain: string): readonly SigningKey[] => byDomain.get(domain) ?? [];
  const lookUp = recordsOf(keys.all);
  const compared: ComparedDomain[] = [];
  for (const { from, author, fields, fault } of answers) {
    const choice = chooseKeys([author.host], rules, keysOf);
    const own = choice.kind === 'sign' ? await signed(author, choice.keys) : [];
    const [old, postern] = [
      await signersOf(author, fields, lookUp),
      await signersOf(author, own, lookUp),
    ];
    const same = fault === '' && old.join() === postern.join();
    const loses = old.some((name) => !postern.includes(name));
    compared.push({ from, old, postern, same, loses, fault });
  }
  return compared;
}

export function comparedText(name: string, compared: readonly ComparedDomain[]): string {
  const shown = (list: readonly string[]): string =>
    list.length === 0 ? 'not signed' : plain(list.join(', '));
  const asked = compared.filter(({ fault }) => fault === '');
  const rows = compared.map(({ from, old, postern, fault, ...one }) => [
    plain(from),
    fault === '' ? shown(old) : 'not asked',
    shown(postern),
    fault === '' ? outcome(one) : paint('red', 'not compared'),
  ]);
  const columns = ['FROM', name.toUpperCase(), 'POSTERN', ''].map((title) => ({ title }));
  const differ = asked.filter(({ same }) => !same).length;
  const sum =
    asked.length === 0
      ? 'nothing was compared'
      : differ === 0
        ? `${asked.length} compared, all the same`
        : `${asked.length} compared, ${differ} with a difference`;
  const faults = Map.groupBy(
    compared.filter(({ fault }) => fault !== ''),
    ({ fault }) => fault,
  );
  const why = [...faults].map(
    ([fault, those]) => `${those.length} not compared: ${plain(fault)}\n`,
  );
  return `\nSigned with both:\n${table(columns, rows)}${sum}\n${why.join('')}`;
}

function outcome({ same, loses }: Pick<ComparedDomain, 'same' | 'loses'>): string {
  return same ? paint('green', 'same') : loses ? paint('red', 'differs') : 'Postern signs more';
}

const body = 'A message to compare signers with.\r\n';

function headersOf({ user, host }: AuthorAddress): readonly (readonly [string, string])[] {
  return [
    ['From', ` <${user}@${host}>`],
    ['To', ' <somebody@example.net>'],
    ['Subject', ' compare'],
    ['Date', ' Thu, 01 Jan 2026 12:00:00 +0000'],
    ['Message-ID', ` <compare@${host}>`],
  ];
}

function messageText(author: AuthorAddress): string {
  const lines = headersOf(author).map(([name, value]) => `${name}:${value}\r\n`);
  return `${lines.join('')}\r\n${body}`;
}

function signed(author: AuthorAddress, keys: readonly SigningKey[]): Promise<readonly string[]> {
  const signer = openSigner({ lineLengthLimit: 0 });
  for (const [name, value] of headersOf(author)) signer.header(name, value);
  const octets = Buffer.from(body);
  signer.body(octets, 0, octets.length);
  return new Promise((resolve, reject) => {
    signer.sign({ keys, now: Date.now() }, (fault, fields) =>
      fault === undefined ? resolve(fields.map(({ value }) => value)) : reject(fault),
    );
  });
}

type LookUp = (name: string) => DnsAnswer;

/** DNS in which exactly the keys to import are published. */
function recordsOf(keys: readonly ReadableKey[]): LookUp {
  const texts = new Map(
    keys.map((key) => {
      const { type, publicKey } = key.opened;
      return [keyName(key), recordText({ algorithm: algorithmOf(type), publicKey })] as const;
    }),
  );
  return (name) => {
    const text = texts.get(name.toLowerCase());
    if (text === undefined) return { kind: 'none', exists: false, secure: false };
    const record = { type: 'TXT', name, ttlSeconds: 0, strings: txtStrings(text) } as const;
    return { kind: 'records', records: [record], secure: false };
  };
}

/** What signed, in a fixed order; each signature is verified with the keys to import. */
async function signersOf(
  author: AuthorAddress,
  fields: readonly string[],
  lookUp: LookUp,
): Promise<readonly string[]> {
  if (fields.length === 0) return [];
  const verifier = openVerifier();
  for (const value of fields) verifier.header('DKIM-Signature', value);
  for (const [name, value] of headersOf(author)) verifier.header(name, value);
  const octets = Buffer.from(body);
  verifier.body(octets, 0, octets.length);
  const results = await answeredLater(verifier.finish(Date.now()), async ({ name }) =>
    lookUp(name),
  );
  return results
    .map(({ domain, selector, result, text }) => {
      const name = `${selector.toLowerCase()} of ${domain}`;
      return result === 'pass' ? name : `${name} (not with a key that is imported: ${text})`;
    })
    .sort();
}
