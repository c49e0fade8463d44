/** Types that must not be mixed up although each is a string or a number underneath. */
declare const brand: unique symbol;
/** `Base` that only its own parser may make. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
