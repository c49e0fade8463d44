/** What any server says when a check of its own could not be made: it passes. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = {
  link: 'https://www.rfc-editor.org/rfc/rfc3463',
  source: 'replies of many sites, 2012 to 2026',
  verified: '2026-11-29',
} as const;

export const passingRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'any/authentication-check-failed',
    words: `
      spf temp | ~spf~ * temporary error | ~spf~ * temporary dns | ~spf~ * timed out
      ~spf~ * timeout | ~spf~ * temperror | dmarc * temperror | dmarc * temporary error
      dmarc * timed out | dkim * temperror | dkim * temporary error | dkim * timed out
      temporary * evaluating dmarc | temporary * spf | temporary dns * authenticat`,
    codes: '4',
    says: 'authentication transient 1h',
    cure: 'Check that the DNS of the domain answers. If it does, nothing is to be done here.',
    yes: '451 4.7.24 SPF temporary error: DNS does not answer',
    no: '451 4.7.23 SPF check failed',
  },
  {
    id: 'any/check-failed',
    words: `
      temporary lookup | lookup fail | lookup timed out | lookup error | ldap * timed out
      ldap * timeout | directory * unavailable | directory * not available | scanner * not
      scanner * unavailable | scanner * error | scanner * timed out | scanner fail | scan error
      scan fail | unable to scan | cannot scan | could not scan | could not be scanned
      scan timed out | antivirus * unavailable | anti-virus * unavailable | filter * unavailable
      filter * not available | content filter * error | filter timed out`,
    codes: '4',
    without: 'your hostname | your host name | reverse | ~rdns | ~ptr | sender | name lookup fail',
    says: 'their-fault transient 15m',
    cure: cures.none,
    yes: '451 4.3.0 Virus scanner not reachable, please try again later',
    no: '554 5.7.1 Virus found by the scanner',
  },
  {
    id: 'any/put-off-after-data',
    words: 'try again later',
    codes: '4.7.1',
    steps: 'data',
    without: `
      service | please | unavailable | busy | error | temporar | limit | too | ~rate | spam | sorry
      closing | deferred | reputation | mail | message | abort | resource`,
    says: 'greylist transient 5m',
    cure: cures.greylist,
    link: 'https://docs.rspamd.com/modules/greylisting/',
    yes: '451 4.7.1 Try again later',
    no: '451 4.7.1 Service unavailable - try again later',
  },
]);
