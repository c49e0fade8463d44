/**
 * Can a second message be hidden in a first one (SMTP smuggling)? Servers that end a message at
 * something else than CR LF dot CR LF read what follows as commands.
 *
 * Each message is broken off: after the false end comes RSET, and then the end of the connection. A
 * sound server takes RSET as text and throws the unfinished message away. A server that ends the
 * message at the false end answers it, and RSET too. Its message goes to a recipient of the server,
 * and has so many Received fields that most servers refuse it as a loop (RFC 5321 section 6.3).
 * Pure.
 */
import {
  type Dialogue,
  endText,
  isAccepted,
  ProbeStopError,
  type Probing,
  saidReply,
} from './dialogue.ts';
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

/** One for the message, one for RSET, and one more. */
const repliesMax = 3;

/** Ends of a message that are none. */
const falseEnds: readonly (readonly [string, string])[] = [
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
    const hidden: { readonly what: string; readonly transcript: readonly string[] }[] = [];
    const open: { readonly what: string; readonly why: string }[] = [];
    for (const [what, end] of falseEnds) {
      try {
        const ended = yield* isEnd(end, target, dialogue);
        if (ended) hidden.push({ what, transcript: dialogue.transcript() });
      } catch (error) {
        if (!(error instanceof ProbeStopError)) throw error;
        open.push({ what, why: error.message });
      }
    }
    return judge(hidden, open);
  },
};

function judge(
  hidden: readonly { readonly what: string; readonly transcript: readonly string[] }[],
  open: readonly { readonly what: string; readonly why: string }[],
): readonly ProbeFinding[] {
  const findings: ProbeFinding[] = [];
  const [first] = hidden;
  if (first !== undefined) {
    const found = `a message also ends at ${hidden.map(({ what }) => what).join('; ')}`;
    const wanted = 'only CR LF . CR LF ends a message';
    const fault = { title, found, wanted, fix };
    findings.push(probeFault('smuggling', 'fail', fault, first.transcript));
  }
  const [stopped] = open;
  if (stopped !== undefined) {
    const why = `${open.length} of ${falseEnds.length} false ends: ${stopped.why}`;
    findings.push(notTried('smuggling.not-tried', title, why));
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

/** Whether a message ends at the false end. Each one has a connection of its own. */
function* isEnd(end: string, target: ProbeTarget, dialogue: Dialogue): Probing<boolean> {
  yield* dialogue.greet(smtpPort(target));
  for (const line of ['MAIL FROM:<>', `RCPT TO:<${target.recipient}>`]) {
    const reply = yield* dialogue.line(line);
    if (!isAccepted(reply)) throw new ProbeStopError(`${line} is answered ${saidReply(reply)}`);
  }
  const data = yield* dialogue.line('DATA');
  if (data.code !== 354) throw new ProbeStopError(`DATA is answered ${saidReply(data)}`);
  const { replies, end: how } = yield* dialogue.finish(message(end, target), repliesMax);
  if (how === 'silent' || how === 'no-time' || how === 'too-much' || how === 'not-smtp') {
    throw new ProbeStopError(endText(how));
  }
  // A refusal alone is that of the line, before the message ends; 421 is for the broken connection.
  const [first, ...more] = replies.filter(({ code }) => code !== 421);
  return first !== undefined && (isAccepted(first) || more.length > 0);
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
    `This is text.${end}RSET`,
    '',
  ].join('\r\n');
}
