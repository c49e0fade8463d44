/**
 * What a content filter counts of the sender. So each fact counts once, whether the filter, Postern
 * or both look at it. Pure.
 */
import type { RuleHit } from '../../formats/scan/rule.ts';
import { maskOf, pointsOf } from '../scan/masked-rules.ts';

/** Suspicion (greylist/suspicion.ts) → rules of SpamAssassin and rspamd about the same fact. */
const sameFact: readonly (readonly [name: string, isSame: (rule: string) => boolean])[] = (
  [
    ['dnsbl', ['RCVD_IN_*', 'T_RCVD_IN_*', 'RBL_*']],
    ['spf', ['SPF_*', 'T_SPF_*', 'R_SPF_*', 'VIOLATED_DIRECT_SPF']],
    ['no-name', ['RDNS_NONE', 'NO_RDNS*', 'HFILTER_HOSTNAME_UNKNOWN', 'RDNS_DNSFAIL']],
    [
      'made-name',
      [
        'RDNS_DYNAMIC',
        'DYN_RDNS_*',
        'KHOP_DYNAMIC',
        ...[1, 2, 3, 4, 5].map((n) => `HFILTER_HOSTNAME_${n}`),
      ],
    ],
    ['helo', ['HELO_*', 'FSL_HELO_*', 'KHOP_HELO_*', 'FAKE_HELO_*', 'HFILTER_HELO_*']],
  ] as const
).map(([name, rules]) => [name, maskOf(rules)]);

/** Points of ten, the filter's limit, that it gave for what Postern suspects too. */
export function countedByFilter(
  rules: readonly RuleHit[],
  required: number,
): Readonly<Record<string, number>> {
  if (required <= 0) return {};
  const against = rules.filter(({ points }) => points > 0);
  return Object.fromEntries(
    sameFact.flatMap(([name, isSame]) => {
      const points = pointsOf(against.filter((rule) => isSame(rule.name)));
      return points > 0 ? [[name, (points / required) * 10]] : [];
    }),
  );
}
