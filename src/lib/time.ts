/** Time in milliseconds, and larger units in milliseconds. */
import type { Brand } from './brand.ts';

/** Milliseconds since 1970-01-01 UTC. */
export type Millis = Brand<number, 'Millis'>;
export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
