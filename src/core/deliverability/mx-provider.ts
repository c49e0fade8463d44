/** The provider that a mail server belongs to, where its name says so plainly. */

/** Ends of host names, and the provider's name as a person says it. The first that fits counts. */
const ends: readonly (readonly [string, string])[] = [
  ['gmail-smtp-in.l.google.com', 'Gmail'],
  ['aspmx.l.google.com', 'Google'],
  ['google.com', 'Google'],
  ['googlemail.com', 'Google'],
  ['olc.protection.outlook.com', 'Outlook.com'],
  ['outlook.com', 'Microsoft'],
  ['yahoodns.net', 'Yahoo'],
  ['icloud.com', 'Apple'],
  ['gmx.net', 'GMX'],
  ['web.de', 'WEB.DE'],
  ['t-online.de', 'Telekom'],
  ['freenet.de', 'Freenet'],
  ['protonmail.ch', 'Proton'],
  ['orange.fr', 'Orange'],
  ['libero.it', 'Libero'],
  ['mail.ru', 'Mail.ru'],
  ['yandex.net', 'Yandex'],
  ['yandex.ru', 'Yandex'],
];

/** The provider's name, or the name of the server as it is; empty for an empty name. */
export function mxProvider(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  // `alt2.gmail-smtp-in…` is the same service as `gmail-smtp-in…`.
  const known = ends.find(([end]) => name === end || name.endsWith(`.${end}`));
  return known?.[1] ?? name;
}
