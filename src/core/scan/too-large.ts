/** A scanner refused a message because of its size, which says nothing about the scanner. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}
