/** Turns one message into numbers and the keys under which they are counted. Pure. */
import { domainOf } from '../../formats/message/address.ts';
import { providerOf } from '../deliverability/providers.ts';
import type { Submission } from '../event.ts';
import { looksLikeSpam } from '../scan/likeness.ts';

/** The counts of one key while they grow. */
export type GrowingTally = {
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

export function emptyTally(): GrowingTally {
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
  tally: GrowingTally,
  message: Submission,
  of: { readonly stopped: boolean; readonly recipients: number },
): void {
  tally.messages++;
  tally.recipients += of.recipients;
  if (of.stopped) tally.stopped++;
  const { scan } = message;
  if (scan === undefined) return;
  if (scan.by !== '') {
    tally.scored++;
    tally.points += scan.score;
  }
  // A message counts once: as a virus, or else as spam.
  if (scan.virus !== '') tally.viruses++;
  else if (looksLikeSpam(scan)) tally.spam++;
  tally.scans += scan.scans;
  if (scan.reused > 0) tally.reused++;
  if (scan.missing.length + scan.tooBig.length > 0) tally.unscanned++;
  tally.scanMs += scan.tookMs;
}

/** The web script that sent the message; empty if none did, or if it is not known. */
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
