/**
 * How far Postern acts, in words: on all mail, on none, or in mode observe on the mail of some
 * accounts. Pure.
 */
import { many, number } from './words.js';

const namesMax = 3;

/** True if Postern acts on some accounts and observes the rest. */
export const actsInPart = ({ enforce, mode }) => mode === 'observe' && enforce.length > 0;

/** [title, explanation] for the top of the page. */
export function modeOf(status) {
  const { brake, mode } = status;
  if (brake.on && (mode === 'guard' || actsInPart(status))) return ['Brake is on', brake.text];
  if (actsInPart(status)) {
    return ['Guarding in part', `Postern acts on ${enforcedText(status)} only`];
  }
  return mode === 'guard'
    ? ['Guarding', 'Postern holds or refuses bad mail and suspends hijacked accounts']
    : ['Observing only', 'Postern stops no mail; the page shows what it would have done'];
}

/** `example.org, joe@example.net and 5 % of all accounts`; long lists as numbers. */
export function enforcedText({ enforce }) {
  const entries = enforce.map((one) => one.trim());
  const of = (start) =>
    entries.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length));
  const [domains, accounts] = [of('domain:'), of('account:')];
  const shares = entries.filter((one) => one.endsWith('%')).map((one) => Number.parseFloat(one));
  const areFew = domains.length + accounts.length <= namesMax;
  const names = areFew
    ? [...domains, ...accounts]
    : [
        ...(domains.length > 0 ? [many(domains.length, 'domain')] : []),
        ...(accounts.length > 0 ? [many(accounts.length, 'account')] : []),
      ];
  const share = shares.length > 0 ? [`${number(Math.max(...shares))} % of all accounts`] : [];
  const all = [...names, ...share];
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}

/** `is`, `would be`, or `is or would be`: what happens to mail of an account that may be any. */
export function isOrWouldBe(status) {
  if (status.mode === 'guard') return 'is';
  return actsInPart(status) ? 'is or would be' : 'would be';
}

/** `Suspended`, `Would have been suspended`, or both, as there are such accounts. */
export function suspendedTitle({ accounts }) {
  if (accounts.wouldBeSuspended === 0) return 'Suspended';
  return accounts.suspended === 0 ? 'Would have been suspended' : 'Suspended, or would have been';
}
