/**
 * The mail identity of a domain: its server, its DKIM keys, the addresses for reports. The files
 * beside this one compare it with the DNS. That gives what to publish (`dns plan`) and what is
 * wrong (`dns check`). Types only.
 */

/** The server that sends the domains' mail. */
export type MailServer = {
  /** Undefined if only the addresses are known. */
  readonly host: string | undefined;
  /** The name in EHLO; mostly the name of the host. */
  readonly helo: string | undefined;
  /** Addresses that mail leaves from, in their shortest form. */
  readonly addresses: readonly string[];
};

/** A DKIM key as the DNS should show it. */
export type IdentityKey = {
  readonly selector: string;
  readonly algorithm: 'rsa' | 'ed25519';
  /** The value of p=: base64 without white space. */
  readonly publicKey: string;
  /** `revoked`: it no longer signs; an empty p= says so (RFC 6376 section 3.6.1). */
  readonly state: 'published' | 'revoked';
};

/** A certificate as in a TLSA record (RFC 6698): selector, matching type, and digest in hex. */
export type TlsDigest = {
  readonly selector: number;
  readonly matching: number;
  readonly association: string;
};
export type TlsCertificate = { readonly host: string; readonly digests: readonly TlsDigest[] };

/** The file at https://mta-sts.DOMAIN/.well-known/mta-sts.txt. */
export type PolicyFile =
  | { readonly kind: 'text'; readonly text: string }
  /** The server answered that the file does not exist. */
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export const mtaStsWishes = ['off', 'testing', 'enforce'] as const;
export type MtaStsWish = (typeof mtaStsWishes)[number];

/** Mail that left this server with the domain in From. */
export type SentMail = {
  readonly messagesPerDay: number;
  /** Domain that signed the last signed message; empty if no message was signed. */
  readonly signedBy: string;
};

export type Identity = {
  readonly domain: string;
  /** False if the domain never sends mail, so that its records should say so. */
  readonly sends: boolean;
  /** Mail of the domain that this server has counted; undefined without any. */
  readonly sent: SentMail | undefined;
  /** True for more than 5,000 messages a day to one big provider, which then requires more. */
  readonly bulk: boolean;
  /** Undefined if nothing is known about the server; then only the domain is checked. */
  readonly server: MailServer | undefined;
  readonly keys: readonly IdentityKey[];
  /** Another domain with keys that sign for this one, if this one has no keys. */
  readonly signedBy: string | undefined;
  /** Selectors of other signers that are checked too. */
  readonly selectors: readonly string[];
  /** Addresses for reports; empty if nobody wants them. */
  readonly dmarcReports: readonly string[];
  readonly tlsReports: readonly string[];
  /** Hosts that take mail for the domain, if no MX is published. */
  readonly mx: readonly string[];
  readonly mtaSts: MtaStsWish;
  readonly policyFile: PolicyFile;
  readonly certificates: readonly TlsCertificate[];
  /** The organisation's domain by the public suffix list; undefined for a public suffix itself. */
  readonly organisation: (domain: string) => string | undefined;
};
