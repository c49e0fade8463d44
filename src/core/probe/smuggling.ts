/**
 * Can a second message be hidden in a first one (SMTP smuggling)? Servers that end a message at
 * something else than CR LF dot CR LF read what follows as commands.
 *
 * Nothing is delivered: the message has so many Received fields that a server refuses it as a loop
 * (RFC 5321 section 6.3). It goes to a recipient of the server. After the sequence comes RSET,
 * which a server that did not end the message there takes as text. Pure.
 */
import { type Dialogue, isTaken, ProbeStopError, type Probing, replyText } from './dialogue.ts';
import {
  notTried,
  type ProbeCheck,
  type ProbeFinding,
  type ProbeTarget,
  postconfFix,
  probeFault,
  probeOk,
  smtpPort,
} from './target.ts';

/** More than any server takes: Postfix allows 50, OpenSMTPD and qmail 100. */
const hops = 110;

/** Ends of a message that are none. */
export const falseEnds: readonly (readonly [string, string])[] = [
  ['LF . LF', '\n.\n'],
  ['LF . CR LF', '\n.\r\n'],
  ['LF . CR', '\n.\r'],
  ['CR . CR', '\r.\r'],
  ['CR . CR LF', '\r.\r\n'],
  ['CR . LF', '\r.\n'],
  ['CR LF . LF', '\r\n.\n'],
  ['CR LF . CR', '\r\n.\r'],
  ['CR CR LF . CR CR LF', '\r\r\n.\r\r\n'],
  ['LF LF . CR LF', '\n\n.\r\n'],
  ['CR LF NUL . CR LF', '\r\n\0.\r\n'],
  ['CR LF . NUL CR LF', '\r\n.\0\r\n'],
  ['CR LF . SP CR LF', '\r\n. \r\n'],
  ['CR LF VT . CR LF', '\r\n\v.\r\n'],
];

const title = 'Hidden second messages (SMTP smuggling)';

export const smugglingCheck: ProbeCheck = {
  name: 'smuggling',
  title,
  *run(target, dialogue) {
    if (target.trusted) {
      const why = `the server trusts ${target.source}, and Postfix then reads more forms`;
      return [notTried('smuggling', title, why)];
    }
    const control = yield* tryEnd('', target, dialogue);
    if (!control.isTrue) {
      const why =
        `a message with a usual end and ${hops} Received fields is answered ${control.said}` +
        (control.said.startsWith('2') ? `; ${target.recipient} got this message` : '');
      return [notTried('smuggling', title, why, { transcript: dialogue.transcript() })];
    }
    const hidden: { readonly what: string; readonly transcript: readonly string[] }[] = [];
    const open: string[] = [];
    for (const [what, end] of falseEnds) {
      try {
        const seen = yield* tryEnd(end, target, dialogue);
        if (seen.ended) hidden.push({ what, transcript: dialogue.transcript() });
      } catch (error) {
        if (!(error instanceof ProbeStopError)) throw error;
        open.push(`${what} (${error.message})`);
      }
    }
    return judge(hidden, open);
  },
};

function judge(
  hidden: readonly { readonly what: string; readonly transcript: readonly string[] }[],
  open: readonly string[],
): readonly ProbeFinding[] {
  const findings: ProbeFinding[] = [];
  const [first] = hidden;
  if (first !== undefined) {
    const found = `a message also ends at ${hidden.map(({ what }) => what).join('; ')}`;
    const wanted = 'only CR LF . CR LF ends a message';
    const fault = { title, found, wanted, fix };
    findings.push(probeFault('smuggling', 'fail', fault, first.transcript));
  }
  if (open.length > 0) {
    findings.push(notTried('smuggling.not-tried', title, open.join('; ')));
  }
  if (findings.length > 0) return findings;
  return [probeOk('smuggling', { title, found: `${falseEnds.length} false ends are text` })];
}

const fix =
  postconfFix(
    'smtpd_forbid_bare_newline = normalize',
    'smtpd_forbid_bare_newline_exclusions = $mynetworks',
  ) +
  ' (since 3.5.24, 3.6.14, 3.7.10 and 3.8.5; before: ' +
  "'smtpd_data_restrictions = reject_unauth_pipelining' and " +
  "'smtpd_discard_ehlo_keywords = chunking')";

type EndSeen = {
  /** Whether the message ended at the false end. */
  readonly ended: boolean;
  /** Whether the server read the true end as one: the control. */
  readonly isTrue: boolean;
  readonly said: string;
};

/** One message on one connection. An empty `end` is the control. */
function* tryEnd(end: string, target: ProbeTarget, dialogue: Dialogue): Probing<EndSeen> {
  yield* dialogue.greet(smtpPort(target));
  for (const line of ['MAIL FROM:<>', `RCPT TO:<${target.recipient}>`]) {
    const reply = yield* dialogue.line(line);
    if (!isTaken(reply)) throw new ProbeStopError(`${line} is answered ${replyText(reply)}`);
  }
  const data = yield* dialogue.line('DATA');
  if (data.code !== 354) throw new ProbeStopError(`DATA is answered ${replyText(data)}`);
  const heard = yield* dialogue.send(message(end, target), 1);
  const [first] = heard.replies;
  if (first === undefined && heard.end !== 'closed') {
    throw new ProbeStopError('the end of the message is not answered');
  }
  // A server that closes has refused what it was given.
  if (first === undefined || heard.end !== undefined) {
    const said = first === undefined ? 'with the end of the connection' : replyText(first);
    return { ended: false, isTrue: false, said };
  }
  const rest = yield* dialogue.send('QUIT\r\n', 4);
  const codes = rest.replies.map(({ code }) => code);
  const quit = codes.indexOf(221);
  // A reply before that of QUIT answers RSET, which only commands get.
  const ended = (quit < 0 ? codes.length : quit) > 0;
  return { ended, isTrue: !ended && first.code >= 400, said: replyText(first) };
}

function message(end: string, { mark, recipient }: ProbeTarget): string {
  const received = Array.from(
    { length: hops },
    (_, nth) => `Received: from probe.invalid by probe.invalid id ${nth}-${mark};`,
  );
  return [
    ...received.map((line) => `${line}\r\n Thu, 1 Jan 2026 00:00:00 +0000`),
    'From: <postern-probe@probe.invalid>',
    `To: <${recipient}>`,
    'Subject: a test by postern probe; it needs no answer',
    `Message-Id: <${mark}@probe.invalid>`,
    '',
    `This is text.${end === '' ? '\r\n' : end}RSET`,
    '.',
    '',
  ].join('\r\n');
}
