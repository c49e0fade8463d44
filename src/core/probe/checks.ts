/** All checks of a probe, in the order in which they run. Pure. */
import { bounceCheck, forgedCheck, guessCheck, unknownCheck, verifyCheck } from './recipients.ts';
import { relayCheck } from './relay.ts';
import { earlyCheck, sizeCheck } from './session.ts';
import { smugglingCheck } from './smuggling.ts';
import { loginCheck, tlsCheck } from './submission.ts';
import type { ProbeCheck } from './target.ts';

/** Guessing comes last: the server may be slow after it. */
export const probeChecks: readonly ProbeCheck[] = [
  relayCheck,
  unknownCheck,
  bounceCheck,
  forgedCheck,
  sizeCheck,
  tlsCheck,
  loginCheck,
  smugglingCheck,
  earlyCheck,
  verifyCheck,
  guessCheck,
];
/** The check that asks the DNS, after the others. */
export const namesCheckName = 'names';
