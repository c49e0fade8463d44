/**
 * Rules that say nothing about mail that leaves here: they are about where the client sits, and our
 * own users sit at home, in dynamic networks, without a reverse name, and in block lists of places
 * that should not send directly. Nor is such mail signed or within SPF yet. Names may hold `*`. The
 * operator's list in scan.masked_rules stands instead of this one.
 */
import type { RuleHit } from '../../formats/scan/rule.ts';

export const maskedRules: readonly string[] = [
  // SpamAssassin: relays, names and networks of the client.
  ...[
    'ALL_TRUSTED',
    'NO_RELAYS',
    'NO_RECEIVED',
    'UNPARSEABLE_RELAY',
    'RCVD_IN_*',
    'RCVD_NUMERIC_*',
  ],
  ...['RCVD_HELO_*', 'RCVD_ILLEGAL_IP', 'RCVD_DOUBLE_*', 'RCVD_DBL_DQ', 'RDNS_*', 'NO_RDNS*'],
  ...[
    'HELO_*',
    'FSL_HELO_*',
    'KHOP_HELO_*',
    'KHOP_DYNAMIC',
    'FAKE_HELO_*',
    'TVD_RCVD_*',
    'DYN_RDNS_*',
  ],
  ...['DOS_OUTLOOK_TO_MX', 'DOS_OE_TO_MX*', 'DOS_RCVD_IP_TWICE*', 'DOS_DIRECT_TO_MX*', 'BOTNET*'],
  ...[
    '*_DIRECT_TO_MX',
    '*_TO_MX',
    'DKIMWL_*',
    'DNSWL_*',
    'PDS_RDNS_*',
    'HDR_ORDER_FTSDMCXX_DIRECT',
  ],
  // Checks of the sender's domain that only a receiver can make.
  ...['SPF_*', 'T_SPF_*', 'DKIM_*', 'T_DKIM_*', 'DMARC_*', 'ARC_*', 'USER_IN_*', 'NML_ADSP_*'],
  // rspamd: the same.
  ...[
    'RBL_*',
    'RECEIVED_*',
    'R_SPF_*',
    'R_DKIM_*',
    'DWL_*',
    'RWL_*',
    'HFILTER_*',
    'ONCE_RECEIVED*',
  ],
  ...['RCVD_NO_TLS_LAST', 'RCVD_TLS_*', 'RCVD_VIA_*', 'RCVD_COUNT_*', 'DIRECT_TO_MX', 'AUTH_NA*'],
  ...['MX_*', 'ASN*', 'IP_REPUTATION_*', 'ARC_NA', 'VIOLATED_DIRECT_SPF'],
];

/**
 * Answers for a rule's name whether it is masked. Made once, since it is asked for each rule of
 * each message.
 */
export function maskOf(patterns: readonly string[]): (name: string) => boolean {
  const whole = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const globs = patterns.filter((pattern) => pattern.includes('*'));
  const text = globs.map((glob) => glob.split('*').map(quoted).join('[^]*')).join('|');
  const expression = globs.length === 0 ? undefined : new RegExp(`^(?:${text})$`);
  return (name) => whole.has(name) || expression?.test(name) === true;
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Points of these rules together. */
export function pointsOf(rules: readonly RuleHit[]): number {
  return rules.reduce((sum, { points }) => sum + points, 0);
}
