/**
 * Compares how another signer signs with how Postern would sign with the keys that it has, domain
 * by domain. Finds the lines of `[signing]` that make both the same, and the domains of which mail
 * would leave unsigned. Pure.
 */
import {
  type AuthorAddress,
  authorFor,
  type ConfiguredKey,
  type SignedFrom,
  type SignerSetup,
} from '../../formats/filters/signer-setup.ts';
import { type Choice, chooseKeys, type SigningRules } from './choose.ts';
import { keyName } from './key.ts';

/** A key that Postern has, signing or waiting. */
export type OwnKey = { readonly domain: string; readonly selector: string };

export type Takeover = {
  /** Rules with which Postern signs what the other signer signed, as far as its keys allow. */
  readonly rules: SigningRules;
  /** Lines of these rules that are not set yet, as for postern.toml; empty if none. */
  readonly missing: SigningRules;
  /**
   * Domains in From of which the other signer signs mail and Postern would not, with the reason.
   * `*`: all other domains.
   */
  readonly unsigned: readonly { readonly from: string; readonly why: string }[];
  /** Mail that both sign, but differently: a sentence each. */
  readonly notes: readonly string[];
};

/** All keys with which the other signer signs, each once. */
export function keysInUse(setup: SignerSetup): readonly ConfiguredKey[] {
  const found = new Map<string, ConfiguredKey>();
  for (const from of setup.froms) {
    for (const key of signaturesFor(setup, from)) {
      if (!found.has(keyName(key))) found.set(keyName(key), key);
    }
  }
  return [...found.values()];
}

/** Without signatures of the made-up domain itself: nobody has a key of its name. */
function signaturesFor(setup: SignerSetup, from: SignedFrom): readonly ConfiguredKey[] {
  const author = authorFor(from);
  const all = setup.signaturesOf(author);
  return from.host.startsWith('*') ? all.filter(({ domain }) => domain !== author.host) : all;
}

/** `now`: the rules as they are set. */
export function planTakeover(
  setup: SignerSetup,
  keys: readonly OwnKey[],
  now: SigningRules,
): Takeover {
  const byDomain = Map.groupBy(keys, ({ domain }) => domain);
  const keysOf = (domain: string): readonly OwnKey[] => byDomain.get(domain) ?? [];
  const signed = setup.froms
    .map((from) => ({ from, old: signaturesFor(setup, from) }))
    .filter(({ old }) => old.length > 0)
    .sort(widestFirst);
  const lines = new Map<string, string>();
  const domains = new Map(now.domains);
  let identity = now.identity;
  const rules = (): SigningRules => ({ domains, identity });
  const choiceFor = (from: SignedFrom): Choice<OwnKey> =>
    chooseKeys([authorFor(from).host], rules(), keysOf);
  for (const { from, old } of signed) {
    if (isSame(choiceFor(from), old) || isOff(choiceFor(from))) continue;
    const domain = bestOf(
      authorFor(from),
      old.map((key) => key.domain).filter((one) => keysOf(one).length > 0),
    );
    if (domain === undefined) continue;
    if (from.host === '*') identity = domain;
    else {
      lines.set(from.host, domain);
      domains.set(from.host, domain);
    }
  }
  const unsigned = signed.flatMap(({ from, old }) => {
    const choice = choiceFor(from);
    if (choice.kind === 'sign') return [];
    const why = choice.why === 'off' ? '[signing.domains] says off' : `no key of ${domainsIn(old)}`;
    return [{ from: from.host, why }];
  });
  const notes = signed.flatMap(({ from, old }) => differences(from, old, choiceFor(from)));
  return {
    rules: rules(),
    missing: { domains: lines, identity: identity === now.identity ? '' : identity },
    unsigned,
    notes,
  };
}

type Signed = { readonly from: SignedFrom; readonly old: readonly ConfiguredKey[] };

/** `*` first, then patterns from the widest to the narrowest, then single domains. */
function widestFirst({ from: one }: Signed, { from: other }: Signed): number {
  const rank = ({ host }: SignedFrom): number =>
    host === '*' ? 0 : host.startsWith('*') ? host.split('.').length : 1_000;
  return rank(one) - rank(other);
}

function isSame(choice: Choice<OwnKey>, old: readonly ConfiguredKey[]): boolean {
  return choice.kind === 'sign' && old.some(({ domain }) => domain === choice.domain);
}

function isOff(choice: Choice<OwnKey>): boolean {
  return choice.kind === 'unsigned' && choice.why === 'off';
}

/** The signing domain that helps DMARC most: the author's, or the nearest above it. */
function bestOf({ host }: AuthorAddress, domains: readonly string[]): string | undefined {
  const own = domains.filter((one) => host === one || host.endsWith(`.${one}`));
  return own.sort((one, other) => other.length - one.length)[0] ?? domains[0];
}

function domainsIn(keys: readonly ConfiguredKey[]): string {
  return [...new Set(keys.map(({ domain }) => domain))].join(', ');
}

function differences(
  from: SignedFrom,
  old: readonly ConfiguredKey[],
  choice: Choice<OwnKey>,
): readonly string[] {
  if (choice.kind !== 'sign') return [];
  const what = from.host === '*' ? 'mail of other domains' : `mail of ${from.host}`;
  const here = old.filter(({ domain }) => domain === choice.domain);
  const [first] = here;
  if (first === undefined) {
    return [`${what} was signed as ${domainsIn(old)}; Postern signs it as ${choice.domain}`];
  }
  const elsewhere = old.filter(({ domain }) => domain !== choice.domain);
  const own = new Set(choice.keys.map(({ selector }) => selector));
  const gone = here.filter(({ selector }) => !own.has(selector)).map(({ selector }) => selector);
  const selectors = [...own].join(', ');
  return [
    ...(elsewhere.length === 0
      ? []
      : [
          `${what} was also signed as ${domainsIn(elsewhere)}; ` +
            `Postern signs it only as ${choice.domain}`,
        ]),
    ...(gone.length === 0
      ? []
      : [
          `${what} was signed with ${gone.join(', ')} of ${choice.domain}; ` +
            `Postern signs it with ${selectors}`,
        ]),
  ];
}
