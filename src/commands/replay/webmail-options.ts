/** The webmail of `postern replay`: what was named for it, and whether it was the right one. */
import { parseDuration } from '../../config/duration.ts';
import type { WebmailSettings } from '../../config/sections/webmail/webmail.ts';
import type { WebmailPeople } from '../../flow/replay/webmail-people.ts';
import { isHostAddress, parseNetwork } from '../../formats/postfix/network-list.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export type Webmail = {
  readonly logs: readonly string[];
  readonly hosts: readonly string[];
  readonly sessionMs: number;
};

type Named = { readonly webmailLog: readonly string[]; readonly webmailHost: readonly string[] };

/** Ends the command if one of the two options was given. */
export function noWebmail({ webmailHost, webmailLog }: Named, why: string): void {
  if (webmailLog.length > 0) throw usage(`--webmail-log is of no use: ${why}`);
  if (webmailHost.length > 0) throw usage(`--webmail-host is of no use: ${why}`);
}

/** Without logs of a webmail, its hosts are hosts as all others. */
export function webmailOf(
  named: Named & { readonly format: string },
  live: WebmailSettings,
): Webmail {
  const { format, webmailHost, webmailLog: logs } = named;
  if (format !== 'postfix') noWebmail(named, 'it needs --format postfix');
  if (logs.length === 0) {
    noWebmail(named, 'it needs --webmail-log');
    return { logs, hosts: [], sessionMs: 0 };
  }
  const hosts = webmailHost.length > 0 ? webmailHost : live.hosts;
  if (hosts.length === 0) throw usage('--webmail-log needs --webmail-host');
  const wrong = hosts.find((text) => !isHostAddress(text));
  if (wrong === undefined) return { logs, hosts, sessionMs: parseDuration(live.session) ?? 0 };
  const is = parseNetwork(wrong) === undefined ? 'not an IP address' : 'a network, not one host';
  throw usage(`--webmail-host ${wrong}: ${is}`);
}

function usage(text: string): OperatorError {
  return new OperatorError('replay-file', text, {
    exit: sysexits.usage,
    hint:
      'for example: postern replay --format postfix --webmail-log userlogins.log ' +
      '--webmail-host 192.0.2.20 mail.log',
  });
}

/** How much of the webmail's mail has a person now, and why it may be none. */
export function peopleNotes(
  { known, unknown }: ReturnType<WebmailPeople['counts']>,
  { hosts, logs }: Webmail,
): readonly string[] {
  if (logs.length === 0) return [];
  const all = known + unknown;
  const from = hosts.join(', ');
  if (all === 0) {
    return [`no message came from ${from}. Is that the webmail's address in the mail log?`];
  }
  const note = `mail of the webmail: the person is known in ${known} of ${all} messages`;
  if (known > 0) return [note];
  return [
    `${note}. A login in the webmail's log counts if the mail log has a login of the same ` +
      `account from ${from} within five minutes. So see whether the mail log has such logins, ` +
      'whether the clock and zone of both logs agree, and whether logins lack their domain ' +
      '(--default-domain)',
  ];
}
