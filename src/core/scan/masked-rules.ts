/**
 * Rules of scanners that say nothing about outgoing mail, so their points do not count. They judge
 * the client's address. Users of this server sit at home: in dynamic networks, without a reverse
 * name, on block lists of addresses that should not send directly. Other rules check SPF and DKIM,
 * which outgoing mail does not have yet. `*` matches any text. The list in scan.masked_rules
 * replaces this one.
 */
import type { RuleHit } from '../../formats/scan/rule.ts';

export const maskedRules: readonly string[] = [
  // SpamAssassin: checks of relays, names and networks of the client.
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
  // rspamd: the same checks.
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
 * A function that says whether a rule is masked, by its name. It is built once, because it runs for
 * each rule of each message.
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

/** The sum of the points of these rules. */
export function pointsOf(rules: readonly RuleHit[]): number {
  return rules.reduce((sum, { points }) => sum + points, 0);
}
