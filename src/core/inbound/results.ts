/**
 * The results of verifying a message that came in, as data and as the Authentication-Results field
 * (RFC 8601) for later readers of the message. Nothing is decided by them here.
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
  /** The domain that was checked: of MAIL FROM, or of HELO if MAIL FROM is empty. */
  readonly domain: string;
  readonly identity: 'mailfrom' | 'helo';
  readonly why: string;
};

/** RFC 8601 section 2.7.1, without `none`, which means that there is no signature. */
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
  /** `i=` of the signature; empty if it has none. */
  readonly identity: string;
  /** The first characters of `b=`, which tell two signatures of one domain apart (RFC 6008). */
  readonly mark: string;
  /**
   * Names of the fields that it covers, in lower case; none if its key is only a test, or if it
   * leaves a part of the body open.
   */
  readonly covers: readonly string[];
  readonly why: string;
};

export const arcResults = ['none', 'pass', 'fail', 'temperror'] as const;
export type ArcFinding = {
  readonly result: (typeof arcResults)[number];
  /** Servers that sealed the message when they handed it on. */
  readonly instances: number;
  /** The domain of the last seal; empty without one. */
  readonly domain: string;
  readonly why: string;
};

export type InboundResults = {
  readonly queueId: string;
  readonly client: string;
  readonly helo: string;
  readonly sender: string;
  readonly spf: SpfFinding;
  /** Empty if the message has no signature. */
  readonly dkim: readonly SignatureFinding[];
  readonly dmarc: DmarcResult;
  readonly arc: ArcFinding;
  readonly iprev: IprevResult;
  /** Forged fields in our name. */
  readonly forged: number;
  /** The deadline came before all answers of the DNS. */
  readonly late: boolean;
};

/** Characters of a comment: enough for a sentence. Strangers influence its text. */
const commentLengthMax = 160;
/** Characters of an address or a name: RFC 5321 allows 320. */
const valueLengthMax = 320;

/** The field that states these results in the name of `authservId`. */
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

/** The sender; only its domain if the address is not ASCII, which not all servers could read. */
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

/** Properties without a value are left out. */
function info(
  method: string,
  result: string,
  why: string,
  properties: readonly (readonly [type: string, name: string, value: string])[],
): ResultInfo {
  const comment = ascii(why, commentLengthMax);
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
