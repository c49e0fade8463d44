/** A report of an incident as text that an operator sends or pastes into a form. Pure. */
import type { IncidentReport } from './report.ts';
import { ourSide } from './timeline.ts';

const width = 76;
const labelWidth = 16;

/** `clean` makes text of strangers safe to print. */
export function reportText(report: IncidentReport, clean: (text: string) => string): string {
  const sections = [
    heading(report),
    section('Our server', serverLines(report)),
    section('What happened', happened(report)),
    report.to === 'abuse' ? section('Clients that sent it', clients(report)) : '',
    section('What was done', measures(report)),
    section('Since then', since(report)),
    report.to === 'provider' ? section('Your answers', answers(report)) : '',
    section('Samples', samples(report)),
  ];
  const text = sections.filter((one) => one !== '').join('\n');
  return text
    .split('\n')
    .map((line) => clean(line).trimEnd())
    .join('\n');
}

function heading({ incident, server, to, writtenAt }: IncidentReport): string {
  const what =
    to === 'abuse'
      ? 'Report: mail that was handed to our mail server from your network'
      : 'Report: mail that left our mail server, and what was done';
  return `${what}\n\n${fact('Server', server.host)}${fact('Incident', incident)}${fact(
    'Written',
    `${writtenAt} (all times are UTC)`,
  )}`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `${title}\n${body}`;
}

/** A line `  Label         text`, folded below the text. */
function fact(label: string, text: string): string {
  const first = `  ${label.padEnd(labelWidth - 2)}`;
  return `${fold(text, first, ' '.repeat(labelWidth))}\n`;
}

/** One that may be missing. */
function known(label: string, text: string): string {
  return text === '' ? '' : fact(label, text);
}

function serverLines({ server }: IncidentReport): string {
  const addresses = server.addresses.map(({ address, names }) => {
    if (names === undefined) return fact('Address', address);
    const reverse = names.length === 0 ? 'none in the DNS' : names.join(', ');
    return fact('Address', `${address}, reverse DNS: ${reverse}`);
  });
  return (
    fact('Name', server.host) +
    (addresses.length === 0 ? fact('Address', 'not known') : addresses.join('')) +
    known('Contact', server.contact)
  );
}

function happened(report: IncidentReport): string {
  const { account, from, gotOut, hijackConfirmed, reasons, scripts, until } = report;
  const parts = [
    gotOut.likelyThief > 0 ? `${gotOut.likelyThief} likely by a stranger` : '',
    gotOut.likelyOwner > 0 ? `${gotOut.likelyOwner} likely by the owner` : '',
    gotOut.unclear > 0 ? `${gotOut.unclear} not clear` : '',
  ].filter((one) => one !== '');
  const who = parts.length === 0 ? '' : `; of those that are kept: ${parts.join(', ')}`;
  const wentOn = report.state === 'never suspended' || report.state === 'observed';
  const last = wentOn ? 'the last message' : 'the suspension';
  return (
    fact('From', from) +
    fact('Until', `${until} (${last})`) +
    fact('Account', account) +
    scripts.map((script) => fact('Script', script)).join('') +
    fact(
      'Sent',
      `${counted(gotOut.messages, 'message')} to ${counted(gotOut.recipients, 'recipient')}${who}`,
    ) +
    reasons.map((text, nth) => fact(nth === 0 ? 'Signs' : '', text)).join('') +
    fact(
      'Hijack',
      hijackConfirmed === undefined
        ? 'not confirmed by a person'
        : `confirmed by ${hijackConfirmed.by} at ${hijackConfirmed.at}`,
    )
  );
}

function clients({ clients: all }: IncidentReport): string {
  if (all.length === 0) return fact('Address', 'not known');
  return all
    .map(
      ({ address, firstAt, lastAt, messages }) =>
        fact('Address', address) +
        fact('Messages', String(messages)) +
        fact(
          'Time',
          firstAt === lastAt ? firstAt : `${firstAt} to ${lastAt} (first and last message)`,
        ),
    )
    .join('\n');
}

function measures({ measures: all }: IncidentReport): string {
  if (all.length === 0) return '  Nothing is recorded.\n';
  return all
    .map(({ at, text, until }) => {
      const when = until === undefined ? at : `${at} to ${until}`;
      return `  ${when}\n${fold(text, '    ', '    ')}\n`;
    })
    .join('');
}

const states: Readonly<Record<IncidentReport['state'], string>> = {
  suspended: 'suspended: all its mail is held or refused',
  observed: 'only observed: no mail was stopped',
  released: 'released',
  'never suspended': 'was not suspended',
};

function since(report: IncidentReport): string {
  const { gotOut, lanes, quietSince, released, state, stoppedMessages } = report;
  const ended = released === undefined ? '' : ` at ${released.at} by ${released.by}`;
  return (
    fact('Last message', quietSince ?? (gotOut.messages === 0 ? 'none left' : 'not known')) +
    fact('Stopped', `${counted(stoppedMessages, 'message')} (held or refused)`) +
    fact('Account', `${states[state]}${ended}`) +
    lanes
      .map(({ blockedAt, recoveredAt, since: from, ...lane }) => {
        const blocked =
          blockedAt === undefined || blockedAt === from ? '' : `, blocked it from ${blockedAt}`;
        const until =
          recoveredAt === undefined ? ', and has not ended that' : `, until ${recoveredAt}`;
        const text = `${lane.state} mail of ${ourSide(lane)} from ${from}${blocked}${until}`;
        return fact(lane.name, text);
      })
      .join('')
  );
}

function answers({ answers: all }: IncidentReport): string {
  if (all.length === 0) return fact('Answers', 'none is known to mail of this incident');
  return all
    .map((one) => {
      const did = one.outcome === 'deferred' ? 'Put off' : 'Refused';
      const times = one.firstAt === one.lastAt ? one.firstAt : `${one.firstAt} to ${one.lastAt}`;
      const what = `${counted(one.messages, 'message')} in ${counted(one.count, 'attempt')}`;
      return (
        fact('Provider', one.name) +
        known('Server', one.mx) +
        known('Our address', one.ourAddress) +
        fact(did, `${what}, ${times}`) +
        `${fold(one.reply, '    ', '    ')}\n` +
        known('Queue id', one.queueId) +
        known('Message-ID', bracketed(one.messageId))
      );
    })
    .join('\n');
}

function samples({ samples: all, to }: IncidentReport): string {
  if (all.length === 0) return '  No message is kept.\n';
  return all
    .map(
      (one) =>
        fact('Time', one.at) +
        known('Queue id', one.queueId) +
        known('Message-ID', bracketed(one.messageId)) +
        known('Envelope from', one.envelopeSender) +
        known('From', one.from) +
        known('Subject', one.subject) +
        (to === 'abuse' ? known('Client', one.client) : ''),
    )
    .join('\n');
}

function bracketed(messageId: string): string {
  return messageId === '' ? '' : `<${messageId}>`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function fold(text: string, first: string, rest: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
