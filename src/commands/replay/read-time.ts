/**
 * RFC 3339 section 5.6. Date.parse alone accepts other forms too, and reads a time without a zone
 * in this machine's zone.
 */
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 of a time as in RFC 3339; NaN for anything else. */
export function readTime(text: string): number {
  const quick = text.startsWith(day.text) ? timeOfDay(text) : -1;
  if (quick >= 0) return day.at + quick;
  if (!rfc3339.test(text)) return Number.NaN;
  const at = Date.parse(text);
  // Events come in order of time: the next one is usually of the same day.
  if (text.endsWith('Z') && text[10] === 'T' && !Number.isNaN(at)) {
    day = { text: text.slice(0, 11), at: Date.parse(`${text.slice(0, 10)}T00:00:00Z`) };
  }
  return at;
}

/** The last day that was read, with its `T`. */
let day = { text: '-', at: 0 };

/** Milliseconds of `…T01:02:03Z` and `…T01:02:03.456Z`; -1 for any other form. */
function timeOfDay(text: string): number {
  const long = text.length === 24 && text.charCodeAt(19) === 46;
  if (!long && text.length !== 20) return -1;
  if (text.charCodeAt(text.length - 1) !== 90) return -1;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return -1;
  const hours = number(text, 11, 2);
  const minutes = number(text, 14, 2);
  const seconds = number(text, 17, 2);
  const ms = long ? number(text, 20, 3) : 0;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return -1;
  if (seconds < 0 || seconds > 59 || ms < 0) return -1;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
}

/** A number with this many digits; -1 if the text is anything else. */
function number(text: string, from: number, digits: number): number {
  let value = 0;
  for (let i = from; i < from + digits; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
