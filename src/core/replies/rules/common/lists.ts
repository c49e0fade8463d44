/** Blocklists that a reply names, whoever asks them. */
import { cures } from '../../cures.ts';
import { type ReplyRule, rulesOf } from '../../rule.ts';

const group = { source: 'replies of many sites, 2012 to 2026', verified: '2026-11-28' } as const;

export const domainListRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'list/lookup-fails',
    words: `
      query refused | uribl.com/refused | open resolver | check.spamhaus.org/returnc
      returnc/pub | returnc/vol | 127.255.255.25 | error: open resolver | dnsbl * timeout
      over query limit | query volume`,
    says: 'their-fault transient 4h',
    cure: cures.brokenList,
    link: 'https://www.spamhaus.org/faqs/domain-name-system-blocklists-dnsbl/',
    yes:
      '554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org; Error: open ' +
      'resolver; https://check.spamhaus.org/returnc/pub/198.51.100.1/',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org',
  },
  {
    id: 'list/domain-in-list',
    words: `
      reputation of a domain used | dbl.spamhaus | spamhaus dbl | spamhaus.org/dbl
      spamhaus.org/query/domain | spamhaus.org/query/dbl | mailfrom domain is listed
      domain * listed in spamhaus | sender domain * listed | sender domain * blacklist
      sender domain * blocklist | sending domain * listed | sending domain * blacklist
      from domain * listed | helo domain * listed | rhsbl | domain * is listed in
      domain is blacklisted | domain * blacklisted | sender address * blocked using
      your domain * listed | your domain * blacklist | your domain has been black
      unsolicited * domain * blacklist | domain name * blacklist`,
    without: '~url | link in',
    says: 'our-domain blocked 24h',
    cure: cures.listedDomain,
    link: 'https://check.spamhaus.org',
    yes: '554 5.7.1 <news@example.org>: Sender address rejected: domain listed in dbl.spamhaus.org',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org',
  },
]);

export const listRules: readonly ReplyRule[] = rulesOf(group, [
  {
    id: 'list/link-in-list',
    words: `
      url in this email | url in this message | url in message | ~url * listed | ~urls * listed
      ~link * listed | ~links * listed | ~uri * listed | listed in * surbl | surbl | uribl
      blacklisted url | black listed url | blocked url | contains * url | contains a link
      contains * blacklisted | contains * listed`,
    without: 'query refused',
    says: 'content blocked until-fixed',
    cure: cures.link,
    link: 'https://surbl.org/surbl-analysis',
    yes: '550 A URL in this message is listed on a block list',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org',
  },
  {
    id: 'list/sorbs',
    words: 'sorbs',
    says: 'our-ip blocked 24h',
    cure: cures.sorbs,
    yes: '554 5.7.1 Client host [192.0.2.9] blocked using dnsbl.sorbs.net',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using bl.spamcop.net',
  },
  {
    id: 'list/country',
    words: `
      country has been blacklisted | your country | country is blocked | country * blocked
      country * not accepted | geoip | geo-ip | geo ip | countries.nerd.dk | from your country
      mail from china | mail from russia | mail from * country | zz.countries | your region
      your network | your netblock | ~subnet | isp's network | network has been blocked
      netzbereich
      network is blocked | your provider is | your isp is | uceprotect-level2
      uceprotect-level3 | dnsbl-2.uceprotect | dnsbl-3.uceprotect | entire network
      whole network | network * blacklisted | netblock * listed | your subnet | your hoster
      hosting provider * blocked | asn * blocked | spamming network | ~ip range | address range
      your network range`,
    says: 'our-network blocked never',
    cure: cures.network,
    link: 'https://www.uceprotect.net/en/index.php',
    yes:
      '550 5.7.1 Mail from your country | mail from china | mail from russia | mail from * ' +
      'country is not accepted here',
    no: '550 5.7.1 Your IP address is not accepted here',
  },
  {
    id: 'list/spamhaus',
    words: 'spamhaus',
    filter: 'spamhaus',
    says: 'our-ip blocked 24h',
    cure: cures.spamhaus,
    link: 'https://check.spamhaus.org',
    yes: '554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org',
    no: '554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using bl.spamcop.net',
  },
  {
    id: 'list/proofpoint',
    words: 'proofpoint.com/dnsbl-lookup | ipcheck.proofpoint | support.proofpoint.com',
    filter: 'proofpoint',
    says: 'our-ip blocked 24h',
    cure: cures.proofpoint,
    link: 'https://ipcheck.proofpoint.com',
    yes: '554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.9',
    no: '554 5.7.0 Blocked',
  },
  {
    id: 'list/cloudmark',
    words: 'cloudmark',
    without: 'spam content',
    filter: 'cloudmark',
    says: 'our-ip blocked 24h',
    cure: cures.cloudmark,
    link: 'https://csi.cloudmark.com/en/reset/',
    yes: '550 5.7.1 Client host blocked. See http://csi.cloudmark.com/reset-request/?ip=192.0.2.9',
    no: '550 5.7.1 Client host blocked',
  },
  {
    id: 'list/validity',
    words: 'senderscore | returnpath | return path | validity.com',
    filter: 'validity',
    says: 'our-ip blocked 24h',
    cure: cures.validity,
    link: 'https://senderscore.org',
    yes:
      '550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using ' +
      'bl.score.senderscore.com',
    no: '550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using bl.spamcop.net',
  },
  {
    id: 'list/barracuda',
    words: `
      barracudacentral | barracuda reputation | barracudanetworks.com/reputation | brbl`,
    filter: 'barracuda',
    says: 'our-ip blocked 24h',
    cure: cures.barracuda,
    link: 'https://www.barracudacentral.org/rbl/removal-request',
    yes: '554 5.7.1 Client host [192.0.2.9] blocked using b.barracudacentral.org',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using bl.spamcop.net',
  },
  {
    id: 'list/spamcop',
    words: 'spamcop',
    filter: 'spamcop',
    says: 'our-ip blocked 24h',
    cure: 'Stop the source of spam. SpamCop drops an address about 24 hours after the last report.',
    link: 'https://www.spamcop.net/bl.shtml',
    yes: '554 5.7.1 Client host [192.0.2.9] blocked using bl.spamcop.net',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org',
  },
  {
    id: 'list/abusix',
    words: 'abusix | mail.abusix.zone',
    filter: 'abusix',
    says: 'our-ip blocked 24h',
    cure: cures.listed,
    link: 'https://lookup.abusix.com',
    yes: '554 5.7.1 Client host [192.0.2.9] blocked using combined.mail.abusix.zone',
    no: '554 5.7.1 Client host [192.0.2.9] blocked using bl.spamcop.net',
  },
  {
    id: 'list/talos',
    words: `
      poor reputation | talosintelligence | senderbase | sending mta's poor reputation
      sending mta's reputation`,
    without: 'domain reputation | reputation of the domain | sending domain',
    filter: 'cisco',
    says: 'our-ip blocked 24h',
    cure: cures.talos,
    link: 'https://talosintelligence.com/reputation_center',
    yes:
      "554 Your access to this mail system has been rejected due to the sending MTA's poor " +
      'reputation.',
    no: '554 Your access to this mail system has been rejected.',
  },
  {
    id: 'list/any',
    words: `
      blocked using | blocked by * dnsbl | blocked by * rbl | rejected by * rbl
      rejected by * dnsbl | dnsbl | ~rbl | rbl~ | (rbl) | blacklistis | blocklist | block list
      blacklist | black list | black-list | denylist | blockliste | schwarze liste | liste noire
      lista negra | lista nera | czarna lista | czarnej liscie | listed on | listed in
      listed at | listed by | is listed | are listed | is on * list | found on one or more
      dynablock | uceprotect | psbl | mailspike | nixspam | ix.dnsbl | backscatterer | spamrats
      invaluement | hostkarma | spamauditor | truncate.gbudb | surriel | wpbl | s5h.net | spfbl
      njabl | ahbl | dsbl | cbl.abuseat | abuseat.org | spameatingmonkey | manitu | rats-dyna
      rats-noptr | lashback | blue-shield | apews | mxrate | 0spam | blocklist.de`,
    without: '~url | recipient preferences | sender address | not listed in | user unknown',
    says: 'our-ip blocked 24h',
    cure: cures.listed,
    link: 'https://multirbl.valli.org',
    yes: '554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using list.example.net',
    no: '554 5.7.1 Relay access denied',
  },
]);
