/** Takes one address out of texts that were written for people. Pure. */

/** In place of an address that was removed on demand. */
const forgottenMark = '(forgotten)';

/** `address`: an address key. Other addresses that contain it stay. */
export function withoutAddress(text: string, address: string): string {
  if (!text.toLowerCase().includes(address)) return text;
  const exact = address.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w.+=-])${exact}(?![\\w-]|\\.\\w)`, 'giu'), forgottenMark);
}
