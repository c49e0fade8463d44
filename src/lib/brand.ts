/** Types that must not be mixed up although each is a string or a number underneath. */
declare const brand: unique symbol;
/** `Base` that only its own parser may make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Milliseconds since 1970-01-01 UTC. */
export type Millis = Brand<number, 'Millis'>;
export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
