/** What the operator does, in one or two plain sentences each. Rules refer to them. */
type Cure =
  | 'none'
  | 'unreachable'
  | 'noMailbox'
  | 'closedMailbox'
  | 'fullMailbox'
  | 'busyMailbox'
  | 'recipientsRule'
  | 'greylist'
  | 'slower'
  | 'connections'
  | 'stopSource'
  | 'listed'
  | 'spamhaus'
  | 'proofpoint'
  | 'cloudmark'
  | 'validity'
  | 'barracuda'
  | 'talos'
  | 'sorbs'
  | 'brokenList'
  | 'ptr'
  | 'helo'
  | 'dynamic'
  | 'network'
  | 'senderDomain'
  | 'senderRefused'
  | 'listedDomain'
  | 'domainReputation'
  | 'content'
  | 'link'
  | 'virus'
  | 'headers'
  | 'authenticate'
  | 'spf'
  | 'dkim'
  | 'dmarc'
  | 'ownDns'
  | 'smarthost'
  | 'size'
  | 'tlsNeeded'
  | 'tlsFailed'
  | 'relay'
  | 'loop'
  | 'ownMailbox'
  | 'ownFilter'
  | 'ipv6'
  | 'fewerRecipients'
  | 'warmUp';

export const cures: Readonly<Record<Cure, string>> = {
  none: 'Nothing to do here: their system is busy or broken. Postfix tries again.',
  unreachable:
    'Nothing is held against this server: their host cannot be reached. If many sites fail ' +
    'at once, check the network of this server.',
  noMailbox: 'Correct the address or stop writing to it: the mailbox does not exist.',
  closedMailbox:
    'Stop writing to this mailbox: its owner or its provider has closed or blocked it.',
  fullMailbox:
    'Stop writing to this mailbox until its owner has made room. Tell the owner another way.',
  busyMailbox: 'Nothing to do here: this mailbox gets too much mail right now. Send later.',
  recipientsRule:
    'Only the recipient or their administrator can allow this mail. Ask them another way.',
  greylist: 'Nothing to do: Postfix tries again from the same address after some minutes.',
  slower:
    'Slow or stop what sends most to this provider; Postfix tries again automatically. ' +
    'How to send more slowly: docs/providers.md.',
  connections:
    'Open fewer connections at once to this provider, with a transport of its own: ' +
    'docs/providers.md.',
  stopSource:
    'Find and stop what sent spam from this address (postern accounts list). Send less for some ' +
    'days, and only then ask the provider for a review.',
  listed: 'Stop the source of spam. Then ask the list that the reply names to remove this address.',
  spamhaus:
    'Stop the source of spam. Then have this address removed at check.spamhaus.org; the refusal ' +
    'ends with the listing.',
  proofpoint:
    'Stop the source of spam. Then look this address up at ipcheck.proofpoint.com and ask ' +
    'for removal.',
  cloudmark:
    'Stop the source of spam. Then ask Cloudmark (csi.cloudmark.com/en/reset) to reset the ' +
    'reputation of this address.',
  validity: 'Stop the source of spam. Then ask Validity (senderscore.org) to remove this address.',
  barracuda:
    'Stop the source of spam. Then ask Barracuda (barracudacentral.org) to remove this ' +
    'address.',
  talos:
    'Stop the source of spam. Then look this address up at talosintelligence.com and dispute ' +
    'the verdict there.',
  sorbs: 'The list SORBS closed in 2024. Ask the administrator of the recipient to stop asking it.',
  brokenList:
    'This address is not the problem. Ask the administrator of the recipient to repair their ' +
    'lookups of the list.',
  ptr:
    'Have your hoster give this address a PTR name that resolves back to the same address. ' +
    'Check it with postern dns check DOMAIN.',
  helo:
    'Set smtp_helo_name (or myhostname) in main.cf to a full name that resolves to this ' +
    'address, then run postfix reload.',
  dynamic:
    'Give this address a PTR name of your own that does not look like a dial-up line, or ' +
    'send through your provider’s mail server.',
  network:
    'They refuse the network, hoster or country of this server as a whole. Ask them another ' +
    'way, or send through another network.',
  senderRefused:
    'They refuse this sender address or its domain. Stop its abuse, then ask their ' +
    'postmaster to accept it again.',
  senderDomain:
    'Give the sender’s domain MX or address records that work, or use a sender domain that ' +
    'has them.',
  listedDomain:
    'Stop the abuse of the domain that is named. Then have the domain removed from the list.',
  domainReputation:
    'Stop the abuse that was sent in the name of this domain. Then send less for some days.',
  content:
    'Look at the message and at who sent it. If it is spam, stop the account; if not, change ' +
    'its text or links and send it again.',
  link: 'Take the link that is listed out of the message. Check who sent it.',
  virus: 'Leave the attachment out, and scan the machine of the sender.',
  headers: 'Correct the header lines of the message as RFC 5322 says, and send it again.',
  authenticate:
    'Make SPF and DKIM pass for the domain that sends: postern dns check DOMAIN says what is ' +
    'missing. Then send again.',
  spf:
    'Add this address to the SPF record of the domain, or send through a host that it names. ' +
    'Check it with postern dns check DOMAIN.',
  dkim: 'Check the DKIM signature and its key in DNS: postern dns check DOMAIN.',
  dmarc:
    'Make SPF or DKIM pass for the very domain in From, or stop sending in the name of that ' +
    'domain.',
  ownDns:
    'Check that the name servers of your domain answer from everywhere. Then Postfix tries ' +
    'again.',
  smarthost:
    'Correct the login at the server that relays this mail (smtp_sasl_password_maps), and use a ' +
    'sender that it has verified.',
  size: 'Send a smaller message, or a link to the file.',
  tlsNeeded:
    'Turn on TLS for outgoing mail: postconf -e smtp_tls_security_level=may, then postfix reload.',
  tlsFailed:
    'Ask the other side to repair its TLS, or relax the TLS policy of this server for that ' +
    'destination (smtp_tls_policy_maps).',
  relay: 'Check the address and its MX: that server takes no mail for this domain.',
  loop: 'Two servers send this message to each other. Correct the forwarding or the MX record.',
  ownMailbox:
    'This is a mailbox on this server: look at its quota and at the log of the mailbox ' +
    'server.',
  ownFilter:
    'This comes from this server or its filter, not from a provider. Look at its own ' +
    'configuration.',
  ipv6:
    'This server has no way out over IPv6. Set inet_protocols = ipv4 in main.cf and restart ' +
    'Postfix, or repair the route.',
  fewerRecipients:
    'Put fewer recipients into one message, and send more slowly: docs/providers.md.',
  warmUp: 'This address is new to them. Send a little more each day.',
};
