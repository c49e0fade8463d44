/** What the milter client is told to play: one SMTP session, and the messages in it. Types only. */
export type ClientSession = {
  /** The SMTP client as the mail server sees it. Without: a host on 192.0.2.0/24. */
  readonly client?: { readonly name: string; readonly address: string; readonly port: number };
  readonly helo?: string;
  /** milter_macro_daemon_name; Postfix's own value is its host name. */
  readonly daemonName?: string;
  /** Play mail that came by sendmail(1) instead of SMTP. */
  readonly local?: boolean;
  /** What this mail server offers, for playing an old one. */
  readonly offer?: {
    readonly version: number;
    readonly actions: number;
    readonly protocol: number;
  };
  /**
   * No answer for this long ends the connection: Postfix's milter_content_timeout unless said
   * otherwise.
   */
  readonly patienceMs?: number;
};

export type ClientMessage = {
  /** Bare address; empty for the null sender. */
  readonly sender: string;
  /** Bare addresses, with the transport that delivers them: `smtp` unless said otherwise. */
  readonly recipients: readonly (
    | string
    | { readonly address: string; readonly transport: string }
  )[];
  readonly login?: string;
  readonly queueId?: string;
  /** Name and value, without the space behind the colon. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Lines end in CRLF. */
  readonly body: Buffer;
  /** `SIZE=1234` and the like. */
  readonly mailArguments?: readonly string[];
};
