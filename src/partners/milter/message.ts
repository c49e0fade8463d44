/** What the milter client imitates: one SMTP session and its messages. Types only. */
export type ClientSession = {
  /** The SMTP client as the mail server sees it; by default a host in 192.0.2.0/24. */
  readonly client?: { readonly name: string; readonly address: string; readonly port: number };
  readonly helo?: string;
  /** milter_macro_daemon_name; Postfix's own value is its host name. */
  readonly daemonName?: string;
  /** Imitate mail that came through sendmail(1) instead of SMTP. */
  readonly local?: boolean;
  /** What this mail server offers, to imitate an old one. */
  readonly offer?: {
    readonly version: number;
    readonly actions: number;
    readonly protocol: number;
  };
  /**
   * The connection ends after this time without an answer; by default after Postfix's
   * milter_content_timeout.
   */
  readonly patienceMs?: number;
};

export type ClientMessage = {
  /** Bare address; empty for the null sender. */
  readonly sender: string;
  /** Bare addresses, with the transport that delivers them; by default `smtp`. */
  readonly recipients: readonly (
    | string
    | { readonly address: string; readonly transport: string }
  )[];
  readonly login?: string;
  readonly queueId?: string;
  /** Name and value, without the space after the colon. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Lines end in CRLF. */
  readonly body: Buffer;
  /** `SIZE=1234` and the like. */
  readonly mailArguments?: readonly string[];
};
