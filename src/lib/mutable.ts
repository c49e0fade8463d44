/** The same fields without readonly, for the code that fills an object in. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
