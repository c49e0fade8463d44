/** The size limit, and commands before their time. Pure. */
import { isAccepted, saidReply, theReply } from './dialogue.ts';
import {
  addressLiteral,
  type ProbeCheck,
  type ProbeFinding,
  postconfFix,
  probeFault,
  probeOk,
  smtpPort,
} from './target.ts';

const sizeTitle = 'Size of messages';
/** What Postfix, Exim and OpenSMTPD allow by default is 10 to 50 MB. */
const megabytesMax = 1_000;
const megabyte = 1_000_000;

export const sizeCheck: ProbeCheck = {
  name: 'size',
  title: sizeTitle,
  *run(target, dialogue) {
    const { extensions } = yield* dialogue.greet(smtpPort(target));
    const said = extensions.find((word) => /^SIZE\b/.test(word));
    const limit = Number(/^SIZE (\d+)$/.exec(said ?? '')?.[1] ?? 0);
    const fix = postconfFix('message_size_limit = 50000000');
    const wanted = 'a limit, announced with SIZE';
    const faultOf = (id: string, found: string): readonly ProbeFinding[] => [
      probeFault(id, 'warn', { title: sizeTitle, found, wanted, fix }, dialogue.transcript()),
    ];
    if (said === undefined) return faultOf('size.unsaid', 'the server announces no SIZE');
    if (limit === 0) return faultOf('size.none', 'the server sets no limit');
    if (limit > megabytesMax * megabyte) {
      return faultOf('size.large', `the limit is ${Math.round(limit / megabyte)} MB`);
    }
    const reply = yield* dialogue.line(`MAIL FROM:<> SIZE=${limit + 1}`);
    if (isAccepted(reply)) {
      return faultOf(
        'size.ignored',
        'a message above the limit is not refused at MAIL, so it is read before it is refused',
      );
    }
    const found = `at most ${(limit / megabyte).toFixed(1)} MB; more is refused at MAIL`;
    return [probeOk('size', { title: sizeTitle, found })];
  },
};

const earlyTitle = 'Commands before their time';

export const earlyCheck: ProbeCheck = {
  name: 'early',
  title: earlyTitle,
  *run(target, dialogue) {
    // EHLO ends a group of commands (RFC 2920 section 3.1), and nothing comes before the greeting.
    const early = `EHLO ${addressLiteral(target.source)}\r\nMAIL FROM:<>\r\n`;
    const opened = yield* dialogue.open(smtpPort(target), { early });
    const greeting = theReply(opened);
    const { replies } = yield* dialogue.send('NOOP\r\n', 3);
    const codes = [greeting, ...replies].map(({ code }) => code);
    if (codes[0] === 220 && codes[1] === 250 && codes[2] === 250) {
      const found =
        'a client that sends before the greeting, and does not wait for replies, is taken';
      const wanted = 'the end of the connection: only programs of spammers do this';
      const fix = `${postconfFix('smtpd_forbid_unauth_pipelining = yes')}, or postscreen with \
postscreen_greet_action = enforce`;
      const fault = { title: earlyTitle, found, wanted, fix };
      return [probeFault('early', 'warn', fault, dialogue.transcript())];
    }
    const last = replies.at(-1) ?? greeting;
    const found = `they end with ${saidReply(last)}`;
    return [probeOk('early', { title: earlyTitle, found })];
  },
};
