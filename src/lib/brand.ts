/** Keeps types apart that are all strings or numbers underneath. */
declare const brand: unique symbol;
/** A `Base` that only its own parser may make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
