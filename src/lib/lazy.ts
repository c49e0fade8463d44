/** A text, or a function that makes it when it is needed. */
export type LazyText = string | (() => string);

/** The text itself. */
export function lazyText(lazy: LazyText): string {
  return typeof lazy === 'string' ? lazy : lazy();
}
