/** A bad night on top of the made-up one: lists that are so long that they must be cut. */
import type { Account } from '../../src/core/account-name.ts';
import { type Millis, minuteMs } from '../../src/lib/time.ts';
import type { Night } from './night.ts';

/** Five accounts are suspended, thirty are watched, and mail of eleven is held, 110 messages. */
export function crowd(state: Night, now: Millis): void {
  const [incident] = state.incidents;
  const [victim, watched] = ['joe.weber@example.org', 'press@example.org'].map((name) =>
    state.accounts.get(name),
  );
  const [row] = state.held.values();
  if (!incident || !victim || !watched || !row) throw new Error('this scene has no hijack');
  for (let nth = 2; nth <= 5; nth++) {
    const account = `victim${nth}@example.org` as Account;
    state.accounts.set(account, { ...victim, account });
    state.incidents.push({ ...incident, id: `i-${nth}`, account });
  }
  for (let nth = 3; nth <= 30; nth++) {
    const account = `watched${nth}@example.org`;
    const text = '57 strangers reached in a day; you are told above 36';
    const told = [{ what: 'reach', at: now, text }] as const;
    state.accounts.set(account, { ...watched, account, evidence: 0.6 - nth / 100, told });
  }
  const holders = Array.from({ length: 9 }, (_, nth) => `sender${nth + 1}@example.org`);
  let left = 110 - state.held.size;
  for (let nth = 0; left > 0; nth++, left--) {
    const account = (holders[nth % 3 === 0 ? nth % holders.length : 0] ?? '') as Account;
    const at = (now - nth * minuteMs) as Millis;
    state.held.set(`4bXcrowd${nth}`, { ...row, queueId: `4bXcrowd${nth}`, account, at });
  }
}
