/** Says in words what comes next in a key's life, and what the operator must do. Pure. */
import type { Millis } from '../../lib/time.ts';
import { type DkimKey, hasSigned, isWaiting, type KeyState, keyName, recordText } from './key.ts';
import { type RotationPolicy, silentAfterMs } from './rotation.ts';

export type KeyContext = {
  readonly policy: Omit<RotationPolicy, 'heldSince'>;
  /** Postern can change the zone; otherwise the operator must. */
  readonly canSend: boolean;
  readonly now: Millis;
  /** The account of a probation key; empty while it is spare. */
  readonly holder?: string | undefined;
  readonly iso: (at: Millis) => string;
};

/** The record as it should be now; empty if there should be none. */
export function wantedRecord(key: DkimKey, { policy, now }: KeyContext): string {
  if (key.state === 'gone') return '';
  if (key.state !== 'revoked') return recordText(key);
  return isOver(key, policy, now) ? '' : recordText(key, 'revoked');
}

export function nextStep(key: DkimKey, context: KeyContext): string {
  const { policy, now } = context;
  const day = (state: KeyState, waitMs: number): string =>
    minute(((key.times[state] ?? now) + waitMs) as Millis, context);
  switch (key.state) {
    case 'made':
      return 'its record is published next';
    case 'published':
      return publishedStep(key, context);
    case 'seen':
      return `signs from ${day('seen', settleMs(key, policy))} on`;
    case 'signing':
      if (key.lostSince !== undefined) return 'missing from DNS: signing stops at the next check';
      if (key.byOrder) return 'signs by your order; DNS is watched once every name server shows it';
      if (key.use === 'probation') return probationStep(context);
      if (policy.everyMs === 0) return 'signs until it is rotated';
      return `a new key follows from ${day('signing', policy.everyMs)} on`;
    case 'retiring':
      return (
        `its record stays until ${day('retiring', policy.withdrawAfterMs)}, ` +
        'as mail on its way still needs it'
      );
    case 'revoked':
      if (isOver(key, policy, now)) return 'its record is removed next';
      return `its record says revoked until ${day('revoked', policy.removeAfterMs)}`;
    default:
      return 'finished; its selector is never used again';
  }
}

function probationStep({ holder = '' }: KeyContext): string {
  if (holder === '') return 'ready for an account on probation';
  return `signs mail of ${holder} alone; a suspension revokes it`;
}

function publishedStep(key: DkimKey, context: KeyContext): string {
  if (key.sight === 'answering' && key.answeringSince !== undefined) {
    const at = minute((key.answeringSince + silentAfterMs) as Millis, context);
    return `signs from ${at} on if the other name servers stay silent`;
  }
  return key.absentAt === undefined
    ? 'signs as soon as every name server shows its record'
    : 'signs once every name server has shown its record long enough (rotation.settle)';
}

export function operatorsPart(key: DkimKey, context: KeyContext): string {
  const isSilent = key.sight === 'unknown' || key.sight === 'answering';
  if (!isSilent || key.state === 'gone') return partSeen(key, context);
  const silent = `see why not every name server answers (${key.sightText})`;
  if (!isWaiting(key)) return silent;
  // Nothing says that the record of a key that was taken over is missing.
  const isNew = key.sight === 'unknown' && key.absentAt !== undefined && key.state !== 'seen';
  if (isNew) return context.canSend ? silent : `publish its record, and ${silent}`;
  return `${silent}, or sign without them: postern dkim use ${keyName(key)} --note WHY`;
}

function partSeen(key: DkimKey, context: KeyContext): string {
  const { policy, now, canSend } = context;
  const shown = key.sightText === '' ? '' : ` (${key.sightText})`;
  const inWay = key.sight === 'other' || key.sight === 'revoked';
  switch (key.state) {
    case 'made':
    case 'published':
      if (canSend && !inWay) return '';
      return inWay ? `replace the record that is there${shown}` : `publish its record${shown}`;
    case 'signing':
    case 'retiring':
      if (key.sight === 'everywhere' || key.sight === 'unasked' || canSend) return '';
      return `publish its record again${shown}`;
    case 'revoked':
      if (canSend || key.sight === 'nowhere') return '';
      if (isOver(key, policy, now)) return 'remove its record';
      return key.sight === 'revoked' ? '' : 'change its record to the one without a key';
    default:
      return '';
  }
}

function isOver(key: DkimKey, policy: KeyContext['policy'], now: Millis): boolean {
  return !hasSigned(key) || now - (key.times.revoked ?? now) >= policy.removeAfterMs;
}

function settleMs(key: DkimKey, policy: KeyContext['policy']): number {
  return key.absentAt === undefined ? 0 : Math.max(policy.settleMs, key.cachedMs);
}

function minute(at: Millis, { iso }: KeyContext): string {
  return `${iso(at).slice(0, 16).replace('T', ' ')}Z`;
}
