/** Recipients that nobody has, the null sender, forged senders, and guessing of addresses. Pure. */
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

/** Domains that are asked for an unknown recipient. */
const domainsMax = 10;
/** Unknown recipients that are tried in one connection. Postfix ends it after 20. */
const guessesMax = 25;

const unknownTitle = 'Recipients that nobody has';

export const unknownCheck: ProbeCheck = {
  name: 'unknown-recipient',
  title: unknownTitle,
  *run(target, dialogue) {
    ownDomain(target);
    const findings: ProbeFinding[] = [];
    let refused = 0;
    for (const domain of target.domains.slice(0, domainsMax)) {
      const id = `unknown-recipient.${domain}`;
      const reply = yield* unknownRecipient(target, dialogue, domain);
      const transcript = dialogue.transcript();
      if (isAccepted(reply)) {
        const found =
          `mail to an unknown recipient in ${domain} is accepted; unless ${domain} has a ` +
          'catch-all mailbox, it is bounced later, to a sender who may be forged';
        const wanted = '550 at RCPT';
        findings.push(
          probeFault(
            id,
            'fail',
            { title: unknownTitle, found, wanted, fix: unknownFix },
            transcript,
          ),
        );
      } else if (isTemporary(reply)) {
        const why = `${domain} answers ${saidReply(reply)}`;
        findings.push(notTried(id, unknownTitle, why, { transcript }));
      } else refused++;
    }
    if (refused === 0) return findings;
    const found = `refused at RCPT for ${refused} of the domains`;
    return [...findings, probeOk('unknown-recipient', { title: unknownTitle, found })];
  },
};

const unknownFix =
  'on the server itself: sudo postern connect recipients --dry-run. By hand, for Postfix: list ' +
  'the recipients in local_recipient_maps, virtual_mailbox_maps or relay_recipient_maps, as the ' +
  'class of the domain needs; or add reject_unverified_recipient to smtpd_recipient_restrictions';

const bounceTitle = 'Bounces and mail for postmaster';

export const bounceCheck: ProbeCheck = {
  name: 'bounces',
  title: bounceTitle,
  *run(target, dialogue) {
    const domain = ownDomain(target);
    const postmaster = `postmaster@${domain}`;
    const recipients = [...new Set([target.recipient, postmaster])];
    const findings: ProbeFinding[] = [];
    for (const recipient of recipients) {
      const { reply, at } = yield* tryMail('', recipient, target, dialogue);
      const transcript = dialogue.transcript();
      if (isAccepted(reply)) continue;
      if (isTemporary(reply)) {
        const why = `${recipient} answers ${saidReply(reply)}`;
        findings.push(notTried('bounces.put-off', bounceTitle, why, { transcript }));
        continue;
      }
      // Postfix answers MAIL and RCPT together, so another sender tells which of them it is.
      const isNull =
        at === 'MAIL' ||
        isAccepted((yield* tryMail(target.outside, recipient, target, dialogue)).reply);
      const found = isNull
        ? 'the null sender is refused, so no bounce reaches your users (RFC 5321 section 4.5.5)'
        : `mail of the null sender to ${recipient} is refused`;
      const fix = isNull
        ? 'remove the rule that refuses <> (check_sender_access, reject_unknown_sender_domain)'
        : `accept mail for ${recipient}, or name another recipient with --recipient`;
      const id = isNull ? 'bounces.null-sender' : 'bounces.recipient';
      const fault = { title: bounceTitle, found, wanted: '250', fix };
      findings.push(probeFault(id, isNull ? 'fail' : 'warn', fault, transcript));
      if (isNull) break;
    }
    if (findings.length > 0) return findings;
    const found = `the null sender may write to ${recipients.join(' and ')}`;
    return [probeOk('bounces', { title: bounceTitle, found })];
  },
};

function* tryMail(
  sender: string,
  recipient: string,
  target: ProbeTarget,
  dialogue: Dialogue,
): Probing<{ readonly reply: SeenReply; readonly at: 'MAIL' | 'RCPT' }> {
  yield* dialogue.greet(smtpPort(target));
  const mail = yield* dialogue.line(`MAIL FROM:<${sender}>`);
  if (!isAccepted(mail)) return { reply: mail, at: 'MAIL' };
  return { reply: yield* dialogue.line(`RCPT TO:<${recipient}>`), at: 'RCPT' };
}

const forgedTitle = 'Forged senders of your domains';

export const forgedCheck: ProbeCheck = {
  name: 'forged-sender',
  title: forgedTitle,
  *run(target, dialogue) {
    const domain = ownDomain(target);
    if (target.trusted) {
      const why = `the server trusts ${target.source} (mynetworks)`;
      return [notTried('forged-sender', forgedTitle, why)];
    }
    const senders = [
      { id: 'forged-sender.unknown', sender: `nobody-${target.mark}@${domain}`, kind: 'fail' },
      { id: 'forged-sender.local', sender: `postmaster@${domain}`, kind: 'warn' },
    ] as const;
    for (const { id, sender, kind } of senders) {
      const { reply } = yield* tryMail(sender, target.recipient, target, dialogue);
      const transcript = dialogue.transcript();
      if (isTemporary(reply)) {
        return [notTried(id, forgedTitle, saidReply(reply), { transcript })];
      }
      if (!isAccepted(reply)) continue;
      const found =
        kind === 'fail'
          ? `a stranger may write to your users as ${sender}, an address that nobody has`
          : `a stranger may write to your users as ${sender} up to RCPT; a check of SPF or DMARC ` +
            'at the end of a message is not seen here';
      const fault = { title: forgedTitle, found, wanted: 'a refusal at RCPT', fix: forgedFix };
      return [probeFault(id, kind, fault, transcript)];
    }
    return [probeOk('forged-sender', { title: forgedTitle, found: 'refused at RCPT' })];
  },
};

const forgedFix =
  'Postfix: put reject_unlisted_sender and check_sender_access with your domains (REJECT) into ' +
  'smtpd_sender_restrictions, after permit_mynetworks and permit_sasl_authenticated; or refuse ' +
  'what fails SPF or DMARC';

const guessTitle = 'Guessing of addresses';

export const guessCheck: ProbeCheck = {
  name: 'guessing',
  title: guessTitle,
  *run(target, dialogue) {
    const first = yield* unknownRecipient(target, dialogue);
    if (isAccepted(first)) {
      return [notTried('guessing', guessTitle, 'every recipient is accepted')];
    }
    let guesses = 1;
    while (guesses < guessesMax) {
      const to = `nobody-${guesses}-${target.mark}@${ownDomain(target)}`;
      const { replies, end } = yield* dialogue.send(`RCPT TO:<${to}>\r\n`, 1);
      const [reply] = replies;
      if (end === 'silent' || end === 'no-time') throw new ProbeStopError('no answer in time');
      if (reply === undefined || reply.code === 421 || end !== undefined) {
        const found = `the server ends the connection after ${guesses} unknown recipients`;
        return [probeOk('guessing', { title: guessTitle, found })];
      }
      guesses++;
    }
    const found = `${guesses} unknown recipients can be tried in one connection`;
    const wanted = 'the connection ends after about 20 errors';
    const fix = postconfFix('smtpd_soft_error_limit = 10', 'smtpd_hard_error_limit = 20');
    const fault = { title: guessTitle, found, wanted, fix };
    return [probeFault('guessing', 'warn', fault, dialogue.transcript())];
  },
};

const verifyTitle = 'VRFY and EXPN';

export const verifyCheck: ProbeCheck = {
  name: 'vrfy',
  title: verifyTitle,
  *run(target, dialogue) {
    const domain = ownDomain(target);
    yield* dialogue.greet(smtpPort(target));
    const known = yield* dialogue.line(`VRFY ${target.recipient}`);
    const unknown = yield* dialogue.line(`VRFY nobody-${target.mark}@${domain}`);
    const transcript = dialogue.transcript();
    const list = yield* dialogue.line('EXPN postmaster');
    const findings: ProbeFinding[] = [];
    if (isAccepted(known) !== isAccepted(unknown)) {
      const found = 'VRFY tells strangers which addresses exist';
      const fix = postconfFix('disable_vrfy_command = yes');
      const fault = { title: verifyTitle, found, wanted: 'the same answer for all', fix };
      findings.push(probeFault('vrfy.tells', 'warn', fault, transcript));
    }
    if (list.code === 250) {
      const found = 'EXPN tells strangers who is on a list';
      const fix = 'turn EXPN off (Postfix has none; Exim: acl_smtp_expn; Sendmail: noexpn)';
      const fault = { title: verifyTitle, found, wanted: 'a refusal', fix };
      findings.push(probeFault('vrfy.expn', 'warn', fault, dialogue.transcript()));
    }
    if (findings.length > 0) return findings;
    return [probeOk('vrfy', { title: verifyTitle, found: 'they tell nothing' })];
  },
};
