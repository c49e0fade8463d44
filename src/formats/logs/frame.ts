/**
 * Splits a line of a log into time, machine, program and text, whoever wrote the line: a syslog
 * daemon, Postfix, Dovecot, Exim, journalctl, Docker, Kubernetes. Pure, never throws.
 *
 *   Nov 23 19:24:22 mail postfix/smtpd[123]: text       RFC 3164; Postfix's maillog_file
 *   Nov 23 19:24:22 <mail.info> mail postfix/smtpd[1]:  FreeBSD; busybox writes `mail mail.info`
 *   <22>1 2026-11-23T19:24:22Z mail postfix/smtpd 1 - - RFC 5424, also without `<22>`
 *   Nov 23 19:24:22 imap-login: Info: text              a log file that Dovecot writes
 *   2026-11-23 19:24:22 1abcde-000001-AB <= joe@x       Exim's mainlog
 *   mail-1  | line, 2026-11-23T19:24:22Z stdout F line  Docker Compose, Kubernetes
 *   Mon Nov 23 19:24:22 2026 mail.info postfix/smtpd:   OpenWrt's logread
 *   /var/log/mail.log:line, 12:line                     grep, grep -n
 */
import { framedJson } from './json-line.ts';
import { KnownWords } from './known-words.ts';
import { isDovecotService, mailProgram } from './mail-programs.ts';
import { readStamp, type Stamp } from './stamp.ts';

export type Frame = {
  /** Undefined: the line has none. */
  readonly stamp: Stamp | undefined;
  /** Empty if the line does not say. */
  readonly host: string;
  /** `postfix/submission/smtpd`, `dovecot`, `exim`. */
  readonly tag: string;
  /** Number of the process, as text; empty if the line does not say. */
  readonly pid: string;
  readonly text: string;
};

/** How many prefixes a line may have, one around the other. */
const layersMax = 4;
const hostLengthMax = 255;
const tagLengthMax = 100;
/** Fields that tabs separate are within so many characters. */
const tabsWithin = 200;
const blank = 0x20;

const words = new KnownWords();

const escapeChar = '\u001b';
/** What follows an escape that sets a colour. */
const colour = /^\[[0-9;]{0,20}m/;
/** RFC 6587 puts the length of the line before it. */
const priority = /^(?:\d{1,6} )?<\d{1,3}>/;
const level = /^<[a-z0-9]{1,10}\.[a-z0-9]{1,10}> /;
/** `mail.info`; AIX writes `mail:info`, some templates `[mail.info]`. */
const plainLevel = /^\[?(?:mail|daemon|auth|authpriv|user|syslog|local[0-7])[.:][a-z]{3,7}\]?$/;
/** Docker Swarm writes `service.1.id@node`. */
const compose = /^([\w.@-]{1,200}) *\| ?/;
/** kubectl writes `[pod/name/container]`, kubetail `[name]` or `[name container]`. */
const pod = /^\[(?:pod\/)?([^\]\s]{1,200})(?: [^\]\s]{1,100})?\] (?!\[)/;
/** stern: pod and container. Of the names that Kubernetes allows, those that begin with a to z. */
const twoNames = /^([a-z][a-z0-9.-]{0,99}) [a-z][a-z0-9-]{0,62} (?=\S)/;
/** What grep puts before a line: name of the file, number of the line. */
const grepped = /^(?:[\w./@-]{1,200}:(?:\d{1,9}:)?)(?=\S)/;
/** The prefix of Docker stands behind the stamp. */
const holdsPrefix = /^[\w.@-]{1,200} *\| /;
/** Labels that Loki's logcli prints, and the tag that fluentd writes before a record. */
const labels = /^(?:\{[^{}]{0,1000}\} |[\w.-]{1,100} (?=\{"))/;
const monotonic = /^\[ {0,8}\d{1,10}\.\d{1,9}\] /;
const stream = /^(?:stdout|stderr) [FP] /;
/** Solaris and illumos number their messages. */
const messageId = /^\[ID \d{1,10} [a-z0-9]{1,10}\.[a-z]{1,10}\] /;
/** How BSD's syslogd writes a line that is the same as the one before. */
const folded = 'last message repeated ';
const dovecotLevel = /^(?:Info|Warning|Error|Debug|Fatal|Panic): /;
const eximId = /^[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) /;
const eximPid = /^\[\d{1,8}\] /;
const eximWords = new RegExp(
  String.raw`^(?:H=|cwd=|SMTP |TLS |Start queue run|End queue run|no host name found|exim \d` +
    '|unexpected disconnection|rejected |Connection from|no IP address found|refused ' +
    String.raw`|daemon: |\S{1,60} authenticator failed |unqualified |syntactically |log string)`,
);

/** Splits a line; undefined if no program can be found in it. */
export function frameOf(whole: string): Frame | undefined {
  const line = whole.charCodeAt(whole.length - 1) === 0x0d ? whole.slice(0, -1) : whole;
  const found = framed(line, undefined, '', layersMax);
  if (found !== undefined) return found;
  const even = withBlanks(line);
  return even === line ? undefined : framed(even, undefined, '', layersMax);
}

/**
 * The line with blanks where its head has tabs, and without the zeros that a log has where it was
 * emptied while it was written to. Blanks at its start stay: journalctl puts them before the
 * further lines of a message, which may look like any line.
 */
function withBlanks(line: string): string {
  let from = 0;
  while (line.charCodeAt(from) === 0) from++;
  const rest = line.slice(from);
  const tab = rest.indexOf('\t');
  if (tab < 0 || tab > tabsWithin) return rest;
  return rest.slice(0, tabsWithin).replaceAll('\t', ' ') + rest.slice(tabsWithin);
}

/** `outer` and `place`: time and machine as a prefix of the line says. */
function framed(
  line: string,
  outer: Stamp | undefined,
  place: string,
  layers: number,
): Frame | undefined {
  const stamp = readStamp(line, 0);
  if (stamp !== undefined) return behindStamp(line, stamp, outer, place, layers);
  if (layers === 0) return undefined;
  const first = line.charCodeAt(0);
  if (first === 0xfeff) return framed(line.slice(1), outer, place, layers - 1);
  if (line.startsWith('ï»¿')) return framed(line.slice(3), outer, place, layers - 1);
  if (first === 0x7b || first === 0x1e || line.startsWith('data: {')) {
    const found = framedJson(line, (inner, at, host) => framed(inner, at, host, layers - 1));
    return found === undefined ? undefined : { ...found, stamp: found.stamp ?? outer };
  }
  const rest = withoutPrefix(line);
  if (rest !== undefined) return framed(rest, outer, place, layers - 1);
  const from = compose.exec(line) ?? pod.exec(line);
  if (from !== null) return framed(line.slice(from[0].length), outer, from[1] ?? '', layers - 1);
  const head = twoNames.exec(line) ?? grepped.exec(line);
  if (head !== null && readStamp(line, head[0].length) !== undefined) {
    return framed(line.slice(head[0].length), outer, head[1] ?? place, layers - 1);
  }
  return behindTime(line, 0, outer, place);
}

/** The line without what a syslog daemon, a terminal or journalctl put before it. */
function withoutPrefix(line: string): string | undefined {
  if (line.includes(escapeChar)) {
    return line
      .split(escapeChar)
      .map((part) => part.replace(colour, ''))
      .join('');
  }
  const found = priority.exec(line) ?? monotonic.exec(line);
  if (found !== null) return line.slice(found[0].length);
  return /^1 \d{4}-/.test(line) ? line.slice(2) : undefined;
}

function behindStamp(
  line: string,
  stamp: Stamp,
  outer: Stamp | undefined,
  place: string,
  layers: number,
): Frame | undefined {
  // A stamp with a zone is sure; of two of them the inner one is the program's.
  const best = Number.isNaN(stamp.at) && outer !== undefined ? outer : stamp;
  let at = stamp.end;
  while (line.charCodeAt(at) === blank) at++;
  if (at === stamp.end && line.charCodeAt(at) !== 0x3a) return undefined;
  const next = line.charCodeAt(at);
  if (next === 0x3c) {
    const found = level.exec(line.slice(at, at + 24));
    if (found !== null) return behindTime(line, at + found[0].length, best, place);
  }
  if (layers > 0 && mayHoldLine(line, at, next)) {
    const head = stream.exec(line.slice(at, at + 9))?.[0].length ?? 0;
    const inner = framed(line.slice(at + head), best, place, layers - 1);
    if (inner !== undefined) return inner;
  }
  const label = layers > 0 ? labels.exec(line.slice(at, at + 1_100)) : null;
  if (label !== null) return framed(line.slice(at + label[0].length), best, place, layers - 1);
  if (layers > 0 && holdsPrefix.test(line.slice(at, at + 230))) {
    return framed(line.slice(at), best, place, layers - 1);
  }
  // Exim and Dovecot write a blank where RFC 3339 has a T.
  if (line.charCodeAt(10) === blank) {
    const text = eximText(line, at);
    if (text !== undefined) return { stamp: best, host: place, tag: 'exim', ...text };
  }
  return behindTime(line, at, best, place);
}

/** Whether a whole line may stand behind a stamp: Docker and Kubernetes put one before each. */
function mayHoldLine(line: string, at: number, next: number): boolean {
  if (next === 0x73) return line.startsWith('stdout ', at) || line.startsWith('stderr ', at);
  const isDigit = next >= 0x30 && next <= 0x39;
  if (isDigit) return line.charCodeAt(at + 4) === 0x2d;
  if (next === 0x3c || next === 0x7b) return true;
  return next >= 0x41 && next <= 0x5a && readStamp(line, at) !== undefined;
}

/** Text of a line of Exim's mainlog, which names neither machine nor program. */
function eximText(line: string, at: number): { pid: string; text: string } | undefined {
  const pid = line.charCodeAt(at) === 0x5b ? eximPid.exec(line.slice(at, at + 12))?.[0] : undefined;
  const text = line.slice(at + (pid?.length ?? 0));
  if (!eximId.test(text) && !eximWords.test(text)) return undefined;
  return { pid: pid?.slice(1, -2) ?? '', text };
}

/** Reads machine, program and text; each may be missing but the program. */
function behindTime(
  line: string,
  from: number,
  stamp: Stamp | undefined,
  place: string,
): Frame | undefined {
  let end = line.indexOf(' ', from);
  if (end < 0) {
    if (line.charCodeAt(line.length - 1) !== 0x3a) return undefined;
    end = line.length;
  }
  if (line.charCodeAt(end - 1) === 0x3a) {
    return withTag(line, from, end, { stamp, host: place, isBare: true });
  }
  if (end - from > hostLengthMax || end === from) return undefined;
  const word = words.cut(line, from, end);
  const host = plainLevel.test(word) ? place : word;
  let start = end + 1;
  while (line.charCodeAt(start) === blank) start++;
  end = line.indexOf(' ', start);
  if (end < 0) end = line.length;
  if (line.startsWith(folded, start)) {
    return { stamp, host, tag: 'syslogd', pid: '', text: line.slice(start) };
  }
  if (line.charCodeAt(end - 1) !== 0x3a && plainLevel.test(line.slice(start, end))) {
    start = end + 1;
    end = line.indexOf(' ', start);
    if (end < 0) end = line.length;
  }
  if (line.charCodeAt(end - 1) === 0x3a) {
    return withTag(line, start, end, { stamp, host, isBare: false });
  }
  return stamp === undefined ? undefined : rfc5424(line, start, end, stamp, host);
}

type Where = {
  readonly stamp: Stamp | undefined;
  readonly host: string;
  /** No machine stands before the program. */
  readonly isBare: boolean;
};

/** `end` is behind the colon of the tag. */
function withTag(
  line: string,
  start: number,
  end: number,
  { stamp, host, isBare }: Where,
): Frame | undefined {
  let text = withoutBlank(line.slice(end + 1));
  if (text.startsWith('[ID ')) text = text.replace(messageId, '');
  if (isBare) {
    const name = line.slice(start, end - 1);
    const found = isDovecotService(name) ? dovecotLevel.exec(text) : null;
    if (found !== null) {
      text = `${name}: ${text.slice(found[0].length)}`;
      return { stamp, host, tag: 'dovecot', pid: '', text };
    }
  }
  const first = line.indexOf('[', start);
  const bracket = first < 0 || first > end - 2 ? -1 : first;
  const tag = words.cut(line, start, bracket < 0 ? end - 1 : bracket);
  if (tag === '' || tag.length > tagLengthMax) return undefined;
  // Without a time, only the name of a mail program tells a line from any other text.
  if (stamp === undefined && mailProgram(tag) === 'other') return undefined;
  const hasPid = bracket >= 0 && line.charCodeAt(end - 2) === 0x5d;
  const pid = hasPid ? line.slice(bracket + 1, end - 2) : '';
  return { stamp, host, tag, pid, text };
}

/** `APP-NAME PROCID MSGID STRUCTURED-DATA MSG` (RFC 5424 section 6). */
function rfc5424(
  line: string,
  start: number,
  end: number,
  stamp: Stamp,
  host: string,
): Frame | undefined {
  const tag = line.slice(start, end);
  const pidEnd = line.indexOf(' ', end + 1);
  const idEnd = line.indexOf(' ', pidEnd + 1);
  if (tag === '' || tag.length > tagLengthMax || pidEnd < 0 || idEnd < 0) return undefined;
  if (pidEnd - end > 129 || idEnd - pidEnd > 33) return undefined;
  const behind = dataEnd(line, idEnd + 1);
  if (behind < 0) return undefined;
  const pid = line.slice(end + 1, pidEnd);
  const text = withoutBlank(line.slice(behind + 1).replace(/^\ufeff|^ï»¿/, ''));
  return { stamp, host: host === '-' ? '' : host, tag, pid: pid === '-' ? '' : pid, text };
}

/** rsyslog keeps the blank behind the tag of RFC 3164 as a part of the text. */
function withoutBlank(text: string): string {
  return text.charCodeAt(0) === blank ? text.trimStart() : text;
}

/** Index behind the structured data; -1 if the line has none. */
function dataEnd(line: string, from: number): number {
  if (line.charCodeAt(from) === 0x2d) return from + 1;
  let at = from;
  while (line.charCodeAt(at) === 0x5b) {
    at = elementEnd(line, at + 1);
    if (at < 0) return -1;
  }
  return at === from ? -1 : at;
}

/** Index behind the `]` of an element, outside quotes. */
function elementEnd(line: string, from: number): number {
  let isQuoted = false;
  for (let at = from; at < line.length; at++) {
    const char = line.charCodeAt(at);
    if (char === 0x5c && isQuoted) at++;
    else if (char === 0x22) isQuoted = !isQuoted;
    else if (char === 0x5d && !isQuoted) return at + 1;
  }
  return -1;
}
