/** The provider of a recipient's domain: the large ones by name, all others by domain. */

const domains: Readonly<Record<string, readonly string[]>> = {
  Google: ['gmail.com', 'googlemail.com'],
  Microsoft: [
    ...['outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'hotmail.co.uk', 'hotmail.de'],
    ...['hotmail.fr', 'hotmail.it', 'live.co.uk', 'live.de', 'live.fr', 'outlook.de'],
  ],
  Yahoo: [
    ...['yahoo.com', 'ymail.com', 'rocketmail.com', 'aol.com', 'yahoo.co.uk', 'yahoo.de'],
    ...['yahoo.fr', 'yahoo.it', 'yahoo.es', 'yahoo.co.jp', 'aol.de'],
  ],
  Apple: ['icloud.com', 'me.com', 'mac.com'],
  'GMX and WEB.DE': [
    ...['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com', 'web.de', 'mail.com', '1und1.de'],
  ],
  Telekom: ['t-online.de', 'magenta.de'],
  Freenet: ['freenet.de'],
  Proton: ['proton.me', 'protonmail.com', 'pm.me'],
  Orange: ['orange.fr', 'wanadoo.fr'],
  Libero: ['libero.it', 'virgilio.it'],
  'Mail.ru': ['mail.ru', 'bk.ru', 'list.ru', 'inbox.ru'],
  Yandex: ['yandex.ru', 'yandex.com', 'ya.ru'],
};

const byDomain: ReadonlyMap<string, string> = new Map(
  Object.entries(domains).flatMap(([name, own]) => own.map((domain) => [domain, name] as const)),
);

/** The provider's name, or the domain; empty for an empty domain. */
export function providerOf(domain: string): string {
  return byDomain.get(domain) ?? domain;
}
