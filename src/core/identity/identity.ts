/**
 * What a domain's mail is: who sends it, what it is signed with, where its reports go. Together
 * with what the DNS says this gives what to publish (`dns plan`) and what is wrong (`dns check`):
 * both from the same look, in the files beside this one. Types only.
 */

/** The server that sends the domains' mail. */
export type MailServer = {
  /** Undefined: only its addresses are known. */
  readonly host: string | undefined;
  /** What it says in EHLO; mostly the host's name. */
  readonly helo: string | undefined;
  /** Those that mail leaves from, in their shortest form. */
  readonly addresses: readonly string[];
};

/** A DKIM key as it should be seen in the DNS. */
export type IdentityKey = {
  readonly selector: string;
  readonly algorithm: 'rsa' | 'ed25519';
  /** The value of p=: base64 without white space. */
  readonly publicKey: string;
  /** `revoked`: nothing is signed with it any more; an empty key says so. */
  readonly state: 'published' | 'revoked';
};

/**
 * What a TLSA record may hold of a certificate: selector, matching type and the digest in
 * hexadecimal (RFC 6698).
 */
export type TlsDigest = {
  readonly selector: number;
  readonly matching: number;
  readonly association: string;
};
export type TlsCertificate = { readonly host: string; readonly digests: readonly TlsDigest[] };

/** The file at https://mta-sts.DOMAIN/.well-known/mta-sts.txt. */
export type PolicyFile =
  | { readonly kind: 'text'; readonly text: string }
  /** The server answered that there is none. */
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export const mtaStsWishes = ['off', 'testing', 'enforce'] as const;
export type MtaStsWish = (typeof mtaStsWishes)[number];

/** Mail with the domain in From. */
export type SentMail = {
  readonly messagesPerDay: number;
  /** Domain of the keys that signed the last of it that was signed; empty: none ever was. */
  readonly signedBy: string;
};

export type Identity = {
  readonly domain: string;
  /** False: nobody sends mail from this domain, and that should be known. */
  readonly sends: boolean;
  /**
   * What this server was seen to send in its name; undefined: nothing, as far as anybody counted.
   */
  readonly sent: SentMail | undefined;
  /** More than 5,000 messages a day to one of the big providers: then they want more. */
  readonly bulk: boolean;
  /** Undefined: nothing is known of the server; then only the domain itself is looked at. */
  readonly server: MailServer | undefined;
  readonly keys: readonly IdentityKey[];
  /** Whose keys sign its mail where it has none of its own. */
  readonly signedBy: string | undefined;
  /** Selectors to look at although no key of ours goes with them. */
  readonly selectors: readonly string[];
  /** Addresses; empty: nobody wants reports. */
  readonly dmarcReports: readonly string[];
  readonly tlsReports: readonly string[];
  /** Where mail to the domain should go while nothing is published. */
  readonly mx: readonly string[];
  readonly mtaSts: MtaStsWish;
  readonly policyFile: PolicyFile;
  readonly certificates: readonly TlsCertificate[];
  /**
   * The organisation's domain by the list of public suffixes; undefined: the domain is itself a
   * public suffix.
   */
  readonly organisation: (domain: string) => string | undefined;
};
