/**
 * What was found out about a message that came in, as data, and as the Authentication-Results field
 * (RFC 8601) that tells it to whoever reads the message after us. No verdict is drawn from it here.
 */

import type { DmarcResult } from '../../formats/dmarc/evaluate.ts';
import type {
  AuthenticationResults,
  ResultInfo,
} from '../../formats/message/authentication-results.ts';
import type { SpfResult } from '../../formats/spf/evaluate.ts';
import type { IprevResult } from '../../formats/spf/iprev.ts';

export type SpfFinding = {
  readonly result: SpfResult;
  /** The name that was judged: of MAIL FROM, or of HELO where that is empty. */
  readonly domain: string;
  readonly identity: 'mailfrom' | 'helo';
  readonly why: string;
};

/** RFC 8601 section 2.7.1, less `none`: that is no signature at all. */
export const signatureResults = [
  'pass',
  'fail',
  'policy',
  'neutral',
  'temperror',
  'permerror',
] as const;
export type SignatureFinding = {
  readonly result: (typeof signatureResults)[number];
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** `i=` of the signature; empty where it has none. */
  readonly identity: string;
  /**
   * The first characters of `b=`, by which two signatures of one domain are told apart (RFC 6008).
   */
  readonly mark: string;
  readonly why: string;
};

export const arcResults = ['none', 'pass', 'fail', 'temperror'] as const;
export type ArcFinding = {
  readonly result: (typeof arcResults)[number];
  /** How many have handed it on; 0: none said so. */
  readonly instances: number;
  /** Who sealed it last; empty: nobody. */
  readonly domain: string;
  readonly why: string;
};

export type InboundResults = {
  readonly queueId: string;
  readonly client: string;
  readonly helo: string;
  readonly sender: string;
  readonly spf: SpfFinding;
  /** Empty: the message has no signature. */
  readonly dkim: readonly SignatureFinding[];
  readonly dmarc: DmarcResult;
  readonly arc: ArcFinding;
  readonly iprev: IprevResult;
  /** Fields in our name that were taken out. */
  readonly forged: number;
  /** The DNS took longer than the message was kept waiting. */
  readonly late: boolean;
};

/**
 * Characters of a remark: enough for a sentence, and no more than that of what strangers made us
 * say.
 */
const remarkLengthMax = 160;
/** Characters of an address or a name that is repeated: RFC 5321 allows 320. */
const valueLengthMax = 320;

/** The field that tells these results in the name of `authservId`. */
export function authenticationResults(
  results: InboundResults,
  authservId: string,
): AuthenticationResults {
  const { spf, dkim, dmarc, arc, iprev, client } = results;
  return {
    authservId,
    results: [
      info('spf', spf.result, spf.why, [
        spf.identity === 'helo'
          ? ['smtp', 'helo', results.helo]
          : ['smtp', 'mailfrom', asciiSender(results)],
      ]),
      ...(dkim.length === 0 ? [info('dkim', 'none', 'no signature', [])] : dkim.map(signatureInfo)),
      info('dmarc', dmarc.result, dmarc.sentence, [
        ['header', 'from', dmarc.domain],
        ['policy', 'dmarc', dmarc.result === 'fail' ? dmarc.disposition : ''],
      ]),
      ...(arc.result === 'none'
        ? []
        : [
            info('arc', arc.result, `i=${arc.instances}: ${arc.why}`, [
              ['smtp', 'remote-ip', client],
            ]),
          ]),
      info('iprev', iprev.result, iprev.sentence, [['policy', 'iprev', client]]),
    ],
  };
}

/**
 * An address in other than ASCII letters would make the field one that only some may read: its
 * domain does.
 */
function asciiSender({ sender, spf }: InboundResults): string {
  return /^[!-~]+$/.test(sender) ? sender : spf.domain;
}

function signatureInfo(one: SignatureFinding): ResultInfo {
  return info('dkim', one.result, one.why, [
    ['header', 'd', one.domain],
    ['header', 's', one.selector],
    ['header', 'i', one.identity],
    ['header', 'a', one.algorithm],
    ['header', 'b', one.mark],
  ]);
}

/** Properties without a value say nothing and are left out. */
function info(
  method: string,
  result: string,
  why: string,
  properties: readonly (readonly [type: string, name: string, value: string])[],
): ResultInfo {
  const comment = ascii(why, remarkLengthMax);
  return {
    method,
    result,
    ...(comment === '' ? {} : { comment }),
    properties: properties
      .filter(([, , value]) => value !== '')
      .map(([type, name, value]) => ({ type, name, value: ascii(value, valueLengthMax) })),
  };
}

/** One line of printable ASCII. */
function ascii(text: string, lengthMax: number): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]/g, '?')
    .trim();
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 3)}...`;
}
