/** What Dovecot's configuration says about logins, from the output of `doveconf -n`. Pure. */

export type DovecotLogins = {
  /** Protocols that take logins from other machines: imap, pop3, submission, sieve. */
  readonly doors: readonly string[];
  /** A password may cross the network without TLS. */
  readonly allowsCleartext: boolean;
  /** A policy server is asked about each login. */
  readonly asksPolicy: boolean;
};

/** `doveconf -n` prints what differs from the default, and always the protocols. */
export function dovecotLogins(configuration: string): DovecotLogins {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(.*?)[ \\t]*$`, 'm').exec(configuration)?.[1];
  const is24 = value('dovecot_config_version') !== undefined;
  const listen = (value('listen') ?? '*, ::').split(/[\s,]+/);
  const isLocal = listen.every((one) => /^(?:127\.[\d.]+|::1|localhost)$/.test(one));
  // 2.4 prints a block of booleans: protocols { imap = yes }.
  const block = /^protocols \{([^}]*)\}/m.exec(configuration)?.[1];
  const named =
    block === undefined
      ? (value('protocols') ?? '').split(/[\s,]+/)
      : [...block.matchAll(/^\s*(\w+) = yes/gm)].map(([, name = '']) => name);
  const known = ['imap', 'pop3', 'submission', 'sieve'];
  const doors = isLocal ? [] : known.filter((one) => named.includes(one));
  const cleartext = is24
    ? value('auth_allow_cleartext') === 'yes'
    : value('disable_plaintext_auth') === 'no';
  return {
    doors,
    allowsCleartext: cleartext && value('ssl') !== 'required',
    asksPolicy: (value('auth_policy_server_url') ?? '') !== '',
  };
}
