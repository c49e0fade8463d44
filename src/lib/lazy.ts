/** A text, or how to make it when it is needed. */
export type LazyText = string | (() => string);

/** The text itself. */
export function lazyText(lazy: LazyText): string {
  return typeof lazy === 'string' ? lazy : lazy();
}
