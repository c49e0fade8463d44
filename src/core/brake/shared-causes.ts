/** What the stops of an hour have in common: most of them share it. */
import { type EvidenceKind, evidenceKinds, type Stop, type StopFact } from './stop.ts';

/** What most stops share, and how many of them do. */
export type Common = {
  readonly what: StopFact['what'] | 'kind';
  readonly value: string;
  readonly stops: number;
};

/** This share of the stops makes something common, if at least `stopsMin` have it. */
const commonShare = 0.6;
const stopsMin = 3;
const commonMax = 6;

/** The most frequent first; at the same number, what is more particular. */
export function inCommon(stops: readonly Pick<Stop, 'kinds' | 'facts'>[]): readonly Common[] {
  const counts = new Map<string, { readonly common: Common; stops: number }>();
  const seen = (what: Common['what'], value: string): void => {
    const key = `${what} ${value}`;
    const one = counts.get(key) ?? { common: { what, value, stops: 0 }, stops: 0 };
    one.stops++;
    counts.set(key, one);
  };
  for (const { kinds, facts } of stops) {
    for (const kind of kinds) seen('kind', kind);
    for (const { what, value } of facts) seen(what, value);
  }
  const least = Math.max(stopsMin, commonShare * stops.length);
  return [...counts.values()]
    .filter((one) => one.stops >= least)
    .map((one) => ({ ...one.common, stops: one.stops }))
    .sort((one, other) => other.stops - one.stops || rank(one) - rank(other))
    .slice(0, commonMax);
}

/** The kinds of evidence that most of the stops have. */
export function commonKinds(common: readonly Common[]): readonly EvidenceKind[] {
  return evidenceKinds.filter((kind) =>
    common.some(({ what, value }) => what === 'kind' && value === kind),
  );
}

const order: readonly Common['what'][] = ['rule', 'body', 'link', 'program', 'network', 'kind'];

function rank({ what }: Common): number {
  return order.indexOf(what);
}

const titles: Readonly<Record<StopFact['what'], string>> = {
  rule: 'the scanner rule',
  body: 'the same body, fingerprint',
  link: 'a link to',
  program: 'the mail program',
  network: 'the client network',
};

const kindTitles: Readonly<Record<EvidenceKind, string>> = {
  numbers: 'unusual numbers of recipients or messages',
  content: 'what a scanner says of the content',
  client: 'an unusual client or sender address',
  replies: 'replies of receiving servers',
};

/** `19 of 21 have the scanner rule BAYES_99`. */
export function commonText({ what, value, stops }: Common, all: number): string {
  const of = `${stops} of ${all}`;
  if (what !== 'kind') return `${of} have ${titles[what]} ${value}`;
  const kind = evidenceKinds.find((one) => one === value);
  return kind === undefined
    ? `${of} have ${value}`
    : `the evidence of ${of} is ${kindTitles[kind]}`;
}
