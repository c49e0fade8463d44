/** One message in numbers, and the keys under which it is counted. Pure. */
import { domainOf } from '../../formats/message/address.ts';
import { providerOf } from '../deliverability/provider.ts';
import type { Submission } from '../event.ts';

/** Counts of one key, growing. */
export type Counting = {
  messages: number;
  recipients: number;
  stopped: number;
  scored: number;
  points: number;
  spam: number;
  viruses: number;
  scans: number;
  reused: number;
  unscanned: number;
  scanMs: number;
};

export function noCounts(): Counting {
  return {
    messages: 0,
    recipients: 0,
    stopped: 0,
    scored: 0,
    points: 0,
    spam: 0,
    viruses: 0,
    scans: 0,
    reused: 0,
    unscanned: 0,
    scanMs: 0,
  };
}

export function countMessage(
  counting: Counting,
  message: Submission,
  of: { readonly stopped: boolean; readonly recipients: number },
): void {
  counting.messages++;
  counting.recipients += of.recipients;
  if (of.stopped) counting.stopped++;
  const { scan } = message;
  if (scan === undefined) return;
  if (scan.by !== '') {
    counting.scored++;
    counting.points += scan.score;
  }
  // Both together are those that look bad: each message counts once.
  if (scan.virus !== '') counting.viruses++;
  else if (scan.likeness >= 1) counting.spam++;
  counting.scans += scan.scans;
  if (scan.reused > 0) counting.reused++;
  if (scan.missing.length > 0) counting.unscanned++;
  counting.scanMs += scan.tookMs;
}

/** The web script that sent it; empty: none did, or nobody knows. */
export function scriptOf({ account, script }: Submission): string {
  if (script !== undefined) return script;
  return account.startsWith('script:') ? account.slice('script:'.length) : '';
}

/** Recipients elsewhere, by provider. */
export function byProvider(message: Submission): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const recipient of message.outside) {
    const name = providerOf(domainOf(recipient));
    if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
