/** Hands in mail as a user does: by SMTP with TLS and a password, at the submission port. */
import { isIPv4 } from 'node:net';
import { createTransport, type Transporter } from 'nodemailer';
import { faultText } from '../../lib/error-text.ts';

export type SubmissionOptions = {
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly user: string;
  readonly password: string;
  readonly deadlineMs?: number;
};

/** `stage`: how far it came. `refused`: the password was not accepted. */
export type SubmissionFault = {
  readonly stage: 'connect' | 'tls' | 'refused' | 'recipient' | 'message';
  readonly text: string;
};

export type HandedInMail = {
  readonly queueId: string;
  readonly fault: SubmissionFault | undefined;
};

export type MailSubmission = {
  /** Logs in and ends the session. Undefined: the login was accepted. */
  login(): Promise<SubmissionFault | undefined>;
  send(mail: {
    readonly from: string;
    readonly to: string;
    readonly subject: string;
    readonly text: string;
  }): Promise<HandedInMail>;
};

export function openSubmission(options: SubmissionOptions): MailSubmission {
  const { deadlineMs = 20_000, host, password, port, security, user } = options;
  const open = (): Transporter =>
    createTransport({
      host,
      port,
      secure: security === 'tls',
      ignoreTLS: security === 'none',
      requireTLS: security === 'starttls',
      connectionTimeout: deadlineMs,
      greetingTimeout: deadlineMs,
      socketTimeout: deadlineMs,
      auth: { user, pass: password },
      // The certificate names the server, not its loopback address. Nobody can stand in between.
      tls: { rejectUnauthorized: !isLoopback(host) },
    });
  return {
    async login() {
      const transport = open();
      try {
        await inTime(transport.verify(), deadlineMs);
        return undefined;
      } catch (error) {
        return faultOf(error, security);
      } finally {
        transport.close();
      }
    },
    async send({ from, subject, text, to }) {
      const transport = open();
      try {
        const sent = transport.sendMail({
          envelope: { from, to },
          from: { name: 'Postern drill', address: from },
          to,
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Postern-Event': 'drill' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        const { response } = await inTime(sent, deadlineMs);
        return {
          queueId: /queued as ([0-9A-Za-z]+)/.exec(response ?? '')?.[1] ?? '',
          fault: undefined,
        };
      } catch (error) {
        return { queueId: '', fault: faultOf(error, security) };
      } finally {
        transport.close();
      }
    },
  };
}

/** By address, as anybody may own a name such as `127.0.0.1.example`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function inTime<Value>(outcome: Promise<Value>, ms: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms / 1_000} s`)), ms);
  outcome.catch(() => undefined); // after the deadline nobody waits for it
  return Promise.race([outcome, late.promise]).finally(() => clearTimeout(timer));
}

function faultOf(error: unknown, security: SubmissionOptions['security']): SubmissionFault {
  const { code, response } = error as { readonly code?: string; readonly response?: string };
  const text = response === undefined || response === '' ? faultText(error) : response;
  switch (code) {
    case 'EAUTH':
      return { stage: 'refused', text };
    case 'EENVELOPE':
      return { stage: 'recipient', text };
    case 'EMESSAGE':
      return { stage: 'message', text };
    case 'ETLS':
      return { stage: 'tls', text };
    default:
      return { stage: security === 'tls' && code === 'ESOCKET' ? 'tls' : 'connect', text };
  }
}
