/**
 * How the page says numbers, times and states. Pure, but for the clock's offset to the server's.
 */
let offsetMs = 0;

/** Times are relative to the server's clock: a browser's may be wrong. */
export function setServerNow(now) {
  offsetMs = now - Date.now();
}

function serverNow() {
  return Date.now() + offsetMs;
}

const numbers = new Intl.NumberFormat('en');
const exactly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const shortClock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

export const number = (value) => numbers.format(value);
export const exact = (at) => exactly.format(at);
export const clockTime = (at) => clock.format(at);
export const clockMinute = (at) => shortClock.format(at);

/** With a capital: reasons are written to stand inside a sentence too. */
export function opened(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** `1 message`, `2 messages`. */
export function many(count, one, more = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : more}`;
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

const past = { pass: 'passed', delay: 'delayed', hold: 'held', refuse: 'refused' };
const would = { pass: 'passed', delay: 'would delay', hold: 'would hold', refuse: 'would refuse' };

/** What was done with a message, or would have been in observe mode. */
export function verdictWord({ verdict, observed }) {
  return (observed ? would : past)[verdict] ?? verdict;
}

/** The command that does the same, safe to paste into a shell. */
export function command(...words) {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  );
  return ['postern', ...quoted].join(' ');
}

/** The one line at the top: how things stand, and the tone it is shown in. */
export function stateLine({ status, suspended }) {
  const { accounts, verdicts, ledger, mode } = status;
  if (ledger.state === 'failing') {
    return {
      tone: 'stop',
      title: 'The ledger takes no writes',
      detail: `${ledger.why}. Verdicts go on from memory; free space for ${ledger.path}.`,
    };
  }
  const watched = accounts.watched > 0 ? `${many(accounts.watched, 'account')} watched. ` : '';
  const held = status.held > 0 ? `${many(status.held, 'message')} held.` : '';
  if (accounts.suspended > 0) {
    return {
      tone: 'stop',
      title: `${many(accounts.suspended, 'account')} suspended`,
      detail: `${damage(suspended)}${watched}${held}`,
    };
  }
  if (isFresh(status)) {
    return { tone: 'idle', title: 'Ready', detail: 'No mail has come through yet.' };
  }
  if (mode === 'observe') {
    return {
      tone: accounts.watched > 0 ? 'watch' : 'well',
      title: 'Observing: nothing is stopped',
      detail: `${watched}${held}What the guard would have done is marked “would”.`,
    };
  }
  return {
    tone: accounts.watched > 0 ? 'watch' : 'well',
    title: 'All well',
    detail: `${watched}${held}` || `${many(verdicts.pass, 'message')} passed since the start.`,
  };
}

/** True until the first message has come through. */
export function isFresh({ verdicts, accounts }) {
  const judged = verdicts.pass + verdicts.delay + verdicts.hold + verdicts.refuse;
  return judged === 0 && accounts.known === 0;
}

function damage(suspended) {
  const incidents = suspended.map((one) => one.incident).filter((one) => one !== undefined);
  if (incidents.length === 0) return '';
  const sum = (key) => incidents.reduce((total, one) => total + one[key], 0);
  const out = many(sum('leakedRecipients'), 'recipient');
  return `${out} reached, ${many(sum('stoppedMessages'), 'message')} stopped. `;
}
