/** Causes by enhanced status code (RFC 3463, RFC 7505, and codes of large providers). */
import type { BounceCause } from './cause.ts';

/** Subject and detail; whether the class is 4 or 5 says when, not why. */
const causes: Readonly<Record<string, BounceCause>> = {
  '1.1': 'recipient-unknown',
  '1.2': 'host-unknown',
  '1.3': 'recipient-unknown',
  '1.4': 'recipient-unknown',
  '1.6': 'recipient-unknown',
  '1.7': 'policy',
  '1.8': 'policy',
  '1.10': 'recipient-unknown',
  '2.1': 'recipient-disabled',
  '2.2': 'mailbox-full',
  '2.3': 'too-big',
  '3.1': 'mailbox-full',
  '3.4': 'too-big',
  '4.1': 'expired',
  '4.2': 'network',
  '4.3': 'network',
  '4.4': 'host-unknown',
  '4.5': 'rate',
  '4.6': 'network',
  '4.7': 'expired',
  '4.14': 'network',
  '4.310': 'host-unknown',
  '4.312': 'host-unknown',
  '4.316': 'expired',
  '7.20': 'unauthenticated',
  '7.21': 'unauthenticated',
  '7.22': 'unauthenticated',
  '7.23': 'unauthenticated',
  '7.24': 'unauthenticated',
  '7.25': 'blocked',
  '7.26': 'unauthenticated',
  '7.27': 'policy',
  '7.28': 'rate',
  '7.29': 'unauthenticated',
  '7.64': 'relay-denied',
  '7.511': 'blocked',
  '7.606': 'blocked',
};

/** Codes that say little: what is left when no words say more. */
const vague: Readonly<Record<string, BounceCause>> = {
  '1': 'recipient-unknown',
  '2': 'recipient-disabled',
  '3': 'system',
  '4': 'network',
  '5': 'system',
  '6': 'policy',
  '7': 'policy',
};

export function causeOfStatus(status: string): BounceCause | undefined {
  return causes[status.slice(2)];
}

export function vagueCauseOfStatus(status: string): BounceCause | undefined {
  return vague[status.split('.')[1] ?? ''];
}
