/** A text, or how to make it when it is needed. */
export type Lazy = string | (() => string);

/** The text itself. */
export function forced(lazy: Lazy): string {
  return typeof lazy === 'string' ? lazy : lazy();
}
