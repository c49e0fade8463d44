/**
 * Does the server send mail of strangers to other servers (open relay)? Each way is tried up to
 * RCPT and taken back with RSET. No message is ever sent. Pure.
 */
import {
  type Dialogue,
  isAccepted,
  isTemporary,
  ProbeStopError,
  type Probing,
  type SeenReply,
  saidReply,
} from './dialogue.ts';
import {
  addressLiteral,
  notTried,
  ownDomain,
  type ProbeCheck,
  type ProbeFinding,
  type ProbeTarget,
  postconfFix,
  probeFault,
  probeOk,
  smtpPort,
} from './target.ts';
import { unknownRecipient } from './unknown-recipient.ts';

/** `sender` and `recipient` as in `<…>`. */
type RelayWay = {
  readonly what: string;
  readonly sender: string;
  readonly recipient: string;
  /** Another name in EHLO. */
  readonly helo?: string;
  /** A server that takes any recipient of its domain takes this as one of them. */
  readonly looksLocal?: true;
};

/** A server may close the connection after some refusals: Postfix slows down after 10. */
const triesPerConnection = 5;

/** The ways, from what is simple to what is mixed. */
export function relayWays(
  { address, outside, recipient }: Pick<ProbeTarget, 'address' | 'outside' | 'recipient'>,
  domain: string,
): readonly RelayWay[] {
  const at = outside.lastIndexOf('@');
  const [user, host] = [outside.slice(0, at), outside.slice(at + 1)];
  const literal = addressLiteral(address);
  const from = `postern-probe@${host}`;
  const plain = { sender: from, recipient: outside };
  const local = (what: string, to: string): RelayWay => ({
    what,
    sender: from,
    recipient: to,
    looksLocal: true,
  });
  return [
    { what: 'a stranger writes to another server', ...plain },
    { what: 'the null sender', sender: '', recipient: outside },
    { what: 'a sender of the same address', sender: outside, recipient: outside },
    { what: 'a sender in your domain', sender: recipient, recipient: outside },
    {
      what: 'a sender in your domain that nobody has',
      sender: `postern-probe-${user}@${domain}`,
      recipient: outside,
    },
    { what: 'a sender at the IP address', sender: `postmaster@${literal}`, recipient: outside },
    { what: 'a sender without a domain', sender: 'postmaster', recipient: outside },
    { what: 'EHLO with your domain', ...plain, helo: domain },
    { what: 'EHLO localhost', ...plain, helo: 'localhost' },
    local('user%host@domain', `${user}%${host}@${domain}`),
    local('user%host@[address]', `${user}%${host}@${literal}`),
    local('user%host', `${user}%${host}`),
    local('host!user', `${host}!${user}`),
    local('host!user@domain', `${host}!${user}@${domain}`),
    local('host!user@[address]', `${host}!${user}@${literal}`),
    { what: 'domain!user@host', sender: from, recipient: `${domain}!${user}@${host}` },
    { what: '@domain:user@host', sender: from, recipient: `@${domain}:${outside}` },
    { what: '@[address]:user@host', sender: from, recipient: `@${literal}:${outside}` },
    local('@domain:user%host@domain', `@${domain}:${user}%${host}@${domain}`),
    local('"user@host"', `"${outside}"`),
    local('"user@host"@domain', `"${outside}"@${domain}`),
    local('"user@host"@[address]', `"${outside}"@${literal}`),
    local('"user%host"@domain', `"${user}%${host}"@${domain}`),
    local('user@host@domain', `${outside}@${domain}`),
    local('user@host@[address]', `${outside}@${literal}`),
    { what: 'user@domain@host', sender: from, recipient: `${user}@${domain}@${host}` },
    local('host!user%host@domain', `${host}!${user}%${host}@${domain}`),
    { what: 'user@host with a dot at the end', sender: from, recipient: `${outside}.` },
  ];
}

type Tried = {
  readonly way: RelayWay;
  readonly reply: SeenReply | undefined;
  readonly why: string;
  readonly transcript: readonly string[];
};

const title = 'Relaying for strangers';

export const relayCheck: ProbeCheck = {
  name: 'relay',
  title,
  *run(target, dialogue) {
    if (target.trusted) {
      const why = `the server trusts ${target.source} (mynetworks), where this probe runs`;
      const fix = 'run it from another machine, or with --from and an address it does not trust';
      return [notTried('relay', title, why, { fix })];
    }
    const domain = ownDomain(target);
    const anyTaken = isAccepted(yield* unknownRecipient(target, dialogue));
    const tried = yield* tryAll(relayWays(target, domain), smtpPort(target), dialogue);
    return judgeRelay(tried, anyTaken, target);
  },
};

function* tryAll(
  ways: readonly RelayWay[],
  port: number,
  dialogue: Dialogue,
): Probing<readonly Tried[]> {
  const tried: Tried[] = [];
  let left = 0;
  for (const way of ways) {
    try {
      // A name of its own in EHLO needs a connection of its own.
      if (left === 0 || way.helo !== undefined) {
        yield* dialogue.greet(port, way.helo === undefined ? {} : { as: way.helo });
        left = triesPerConnection;
      }
      left = way.helo === undefined ? left - 1 : 0;
      const { reply, said } = yield* tryOne(way, dialogue);
      tried.push({ way, reply, why: '', transcript: said });
    } catch (error) {
      if (!(error instanceof ProbeStopError)) throw error;
      left = 0;
      tried.push({ way, reply: undefined, why: error.message, transcript: dialogue.transcript() });
    }
  }
  return tried;
}

function* tryOne(
  way: RelayWay,
  dialogue: Dialogue,
): Probing<{ readonly reply: SeenReply; readonly said: readonly string[] }> {
  // The transcript of a finding has its own lines only; with a name in EHLO, that line too.
  if (way.helo === undefined) dialogue.forget();
  const mail = yield* dialogue.line(`MAIL FROM:<${way.sender}>`);
  const reply = isAccepted(mail) ? yield* dialogue.line(`RCPT TO:<${way.recipient}>`) : mail;
  const said = dialogue.transcript();
  yield* dialogue.line('RSET');
  return { reply, said };
}

/** Replies that say only that the other domain does not exist: relaying was not refused. */
const aboutDomain =
  /\b[45]\.(?:1\.2|4\.4|1\.10)\b|domain (?:not found|does not exist)|unrout|lookup/i;
const aboutRelay = /relay/i;

function judgeRelay(
  tried: readonly Tried[],
  anyTaken: boolean,
  { source, outside }: ProbeTarget,
): readonly ProbeFinding[] {
  const taken = tried.filter(({ reply }) => reply !== undefined && isAccepted(reply));
  const [plain] = tried;
  if (plain !== undefined && taken.includes(plain)) {
    const found = `a stranger at ${source} may send mail to any other server (open relay)`;
    const fault = { title, found, wanted: 'a refusal at RCPT', fix: openFix };
    return [probeFault('relay.open', 'fail', fault, plain.transcript)];
  }
  const sure = taken.filter(({ way }) => way.looksLocal !== true || !anyTaken);
  const doubtful = taken.filter((one) => !sure.includes(one));
  const findings = sure.map(({ way, transcript }) => {
    const found = `mail to another server is accepted in this way: ${way.what}`;
    const fix = way.looksLocal === true ? routingFix : trustFix;
    return probeFault(
      `relay.${idOf(way.what)}`,
      'fail',
      { title, found, wanted: 'a refusal at RCPT', fix },
      transcript,
    );
  });
  const open = tried.filter(({ reply }) => reply === undefined || isTemporary(reply));
  const hidden = tried.filter(
    ({ reply }) =>
      reply !== undefined &&
      !isAccepted(reply) &&
      aboutDomain.test(saidReply(reply)) &&
      !aboutRelay.test(saidReply(reply)),
  );
  return [
    ...findings,
    ...untried(doubtful, 'doubtful', 'the server accepts every recipient of its domain, so'),
    ...untried(open, 'put-off', 'the server put it off or closed the connection:'),
    ...(plain !== undefined && hidden.includes(plain) && !open.includes(plain)
      ? untried(hidden, 'unknown-domain', `the server refuses the domain of ${outside} first:`)
      : []),
    ...(findings.length === 0
      ? [probeOk('relay', { title, found: `refused in ${tried.length - open.length} ways` })]
      : []),
  ];
}

function untried(some: readonly Tried[], id: string, why: string): readonly ProbeFinding[] {
  const [first] = some;
  if (first === undefined) return [];
  const said = first.reply === undefined ? first.why : saidReply(first.reply);
  const names = `${some.length} ways, the first is: ${first.way.what} (${said})`;
  const fix = id === 'unknown-domain' ? 'name an address of your own elsewhere: --outside' : '';
  const { transcript } = first;
  return [notTried(`relay.${id}`, title, `${why} ${names}`, { fix, transcript })];
}

const idOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/%/g, '-percent-')
    .replace(/!/g, '-bang-')
    .replace(/@/g, '-at-')
    .replace(/"/g, '-quote-')
    .replace(/[^a-z]+/g, '-')
    .replace(/^-|-$/g, '');

const openFix = postconfFix(
  'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated ' +
    'reject_unauth_destination',
);
const routingFix = `${postconfFix('allow_untrusted_routing = no')}; \
and list no other servers in relay_domains`;
const trustFix =
  'remove what lets a sender or a name in EHLO relay: check_sender_access and ' +
  `check_helo_access before reject_unauth_destination. ${openFix}`;
