/** Types that TypeScript lacks. */

/** Keeps types apart that are all strings or numbers underneath. */
declare const brand: unique symbol;
/** A `Base` that only its own parser may make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
/** The same fields without readonly, for the code that fills an object in. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
