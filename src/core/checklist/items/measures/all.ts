/** Every measure of the checklist, in the order in which a new server is set up. */
import type { Measure } from '../measure.ts';
import { guardMeasures, modeMeasure } from './guard.ts';
import { incomingMeasures } from './incoming.ts';
import { outsideMeasures } from './outside.ts';
import { postfixMeasures } from './postfix.ts';
import { senderMeasures } from './senders.ts';

export const allMeasures: readonly Measure[] = [
  ...guardMeasures,
  ...postfixMeasures,
  modeMeasure,
  ...senderMeasures,
  ...incomingMeasures,
  ...outsideMeasures,
];
