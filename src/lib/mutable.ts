/** The same fields, and they may be set: of what its readers see as readonly. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
