/**
 * How the page says numbers, times and states. Pure, except for the offset to the server's clock.
 */
import { ownCommands, shellWord } from './own-command.js';

let offsetMs = 0;

/** Makes times relative to the server's clock, because the browser's clock may be wrong. */
export function setServerNow(now) {
  offsetMs = now - Date.now();
}

function serverNow() {
  return Date.now() + offsetMs;
}

const numbers = new Intl.NumberFormat('en');
const exactly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const dayAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const shortClock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

const utc = (at) => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export const number = (value) => numbers.format(value);
/** In the time of the reader, and in UTC, as logs and commands have it. */
export const exact = (at) => `${exactly.format(at)}; ${utc(at)}`;
export const stamp = (at) => dayAndTime.format(at);
export const clockTime = (at) => clock.format(at);
export const clockMinute = (at) => shortClock.format(at);

/** Makes the first letter a capital. Reasons and errors are written to fit inside a sentence. */
export function opened(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** An answer's text and hint as whole sentences. */
export function sentences({ text, hint = '' }) {
  return [text, hint].filter(Boolean).map(ownCommands).map(sentence).join(' ');
}

/** A text as a whole sentence. */
export function sentence(text) {
  return `${opened(text)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** `1 message`, `2 messages`. */
export function many(count, one, more = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : more}`;
}

/** What was stopped, or would have been in mode guard. */
export function stoppedText({ observed, stoppedMessages, wouldStopMessages }) {
  return observed
    ? `${many(wouldStopMessages, 'message')} would have been stopped`
    : `${number(stoppedMessages)} stopped`;
}

/** `42 %`; under one percent with one decimal. */
export function percent(share) {
  const hundredths = share * 100;
  const digits = hundredths > 0 && hundredths < 1 ? 1 : 0;
  return `${hundredths.toFixed(digits)} %`;
}

/** `40 s`, `12 min`, `3 h`. */
export function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3_600).toFixed(1))} h`;
}

const steps = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

/** `4 min ago`, `in 2 h`, `just now`. */
export function relative(at, now = serverNow()) {
  const past = now - at;
  const size = Math.abs(past);
  if (size < 45_000) return 'just now';
  const [step, unit] = steps.find(([ms]) => size >= ms) ?? [60_000, 'min'];
  const text = `${Math.round(size / step)} ${unit}`;
  return past >= 0 ? `${text} ago` : `in ${text}`;
}

const past = {
  pass: 'passed',
  delay: 'delayed',
  hold: 'held',
  refuse: 'refused',
  discard: 'discarded',
};
const would = {
  pass: 'passed',
  delay: 'would have been delayed',
  hold: 'would have been held',
  refuse: 'would have been refused',
};

/** What Postern did with a message, or would have done in mode `observe`. */
export function verdictWord({ verdict, observed }) {
  return (observed ? would : past)[verdict] ?? verdict;
}

/** The command that does the same, quoted so that it can be pasted into a shell. */
export function command(...words) {
  return ['postern', ...words.map(shellWord)].join(' ');
}
