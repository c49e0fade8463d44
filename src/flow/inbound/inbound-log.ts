/**
 * Counts and logs what was found out about mail that comes in. A DNS that does not answer, and a
 * key that does not sign, is logged at most once a minute.
 */
import type { InboundResults } from '../../core/inbound/results.ts';
import { faultText } from '../../lib/error-text.ts';
import { minuteMs } from '../../lib/time.ts';
import type { Clock, World } from '../../ports/world.ts';

export type InboundLog = {
  verified(results: InboundResults): void;
  /** A message brought forged fields along; `refused`: too many. */
  forged(id: string, fields: number, refused: boolean): void;
  sealed(): void;
  unsealed(id: string, how: 'failed' | 'no-key', why: string): void;
  /** Verification failed by a mistake of ours. */
  failed(id: string, fault: unknown): void;
};

export function openInboundLog({ clock, count, log }: World): InboundLog {
  const late = onceAMinute(clock);
  const unsealed = onceAMinute(clock);
  return {
    verified(results) {
      const { queueId: id, spf, dkim, dmarc, arc, iprev } = results;
      count('postern_inbound_messages_total');
      count('postern_inbound_spf_total', 1, spf.result);
      for (const { result } of dkim) count('postern_inbound_dkim_total', 1, result);
      if (dkim.length === 0) count('postern_inbound_dkim_total', 1, 'none');
      count('postern_inbound_dmarc_total', 1, dmarc.result);
      count('postern_inbound_arc_total', 1, arc.result);
      count('postern_inbound_iprev_total', 1, iprev.result);
      log('debug', 'inbound.verified', {
        id,
        spf: spf.result,
        dkim: dkim.map(({ result }) => result),
        dmarc: dmarc.result,
        arc: arc.result,
        iprev: iprev.result,
        from: dmarc.domain,
      });
      if (!results.late) return;
      count('postern_inbound_late_total');
      late((leftOut) => log('warn', 'inbound.late', { id, leftOut }));
    },
    forged(id, fields, refused) {
      count('postern_inbound_forged_total', fields);
      log('info', 'inbound.forged', { id, fields, refused });
    },
    sealed: () => count('postern_inbound_sealed_total', 1, 'sealed'),
    unsealed(id, how, why) {
      count('postern_inbound_sealed_total', 1, how);
      unsealed((leftOut) => log('error', 'inbound.unsealed', { id, why, leftOut }));
    },
    failed: (id, fault) => logFailed(log, id, fault),
  };
}

/** The check or the judgement of a message failed by a mistake of ours; the message passes. */
export function logFailed(log: World['log'], id: string, fault: unknown): void {
  const stack = fault instanceof Error ? fault.stack : faultText(fault);
  log('error', 'inbound.failed', { id, stack });
}

/** Calls `tell` at most once a minute. `leftOut`: the calls left out since the last one. */
function onceAMinute(clock: Clock): (tell: (leftOut: number) => void) => void {
  let told: number | undefined;
  let leftOut = 0;
  return (tell) => {
    const now = clock.now();
    if (told !== undefined && Math.abs(now - told) < minuteMs) leftOut++;
    else {
      tell(leftOut);
      told = now;
      leftOut = 0;
    }
  };
}
