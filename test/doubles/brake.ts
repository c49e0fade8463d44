/** A brake that does what it is told: for tests of the API, and for looking at the page. */
import { Brake } from '../../src/core/brake/brake.ts';
import { brakeView } from '../../src/core/brake/view.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { BrakeAdmin } from '../../src/ports/acting/brake.ts';

export function agreeableBrake(calls: string[], now: () => Millis): BrakeAdmin {
  const brake = new Brake(() => {});
  return {
    view: () => brakeView(brake, now()),
    async set(to, by, note) {
      calls.push(`brake ${JSON.stringify(to)} ${by} ${note}`.trim());
      if (to.on) brake.pullByHand(now(), by);
      else brake.endByHand(now(), by, to.right);
      return { ok: true, count: 1, text: `the brake is ${to.on ? 'on' : 'off'}` };
    },
    async release({ by, dryRun }) {
      calls.push(`brake release ${by} ${dryRun}`);
      return { ok: true, count: 0, text: 'nothing to release' };
    },
  };
}
