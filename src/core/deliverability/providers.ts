/**
 * Who runs mailboxes: each provider with its id, the name a person reads, the ends of its mail
 * hosts, and the recipients' domains of the largest ones. The only table of providers.
 */

/** An end of host names; with a name of its own where a person knows that service better. */
type MxEnd = string | readonly [end: string, name: string];

export type MailProvider = {
  readonly id: string;
  /** As a person says it. */
  readonly name: string;
  /** A product in front of the mailboxes of many sites, which runs none itself. */
  readonly isFilter: boolean;
  readonly mx: readonly MxEnd[];
  /** Domains of recipients, of providers that are counted by recipient. */
  readonly domains: readonly string[];
  /** The name under which mail to these domains has been counted since version 0.1. */
  readonly countedAs: string;
  /** Where an operator reads about its rules, or asks it for review; empty if unknown. */
  readonly page: string;
};

function provider(
  id: string,
  name: string,
  mx: readonly MxEnd[],
  more: {
    readonly page?: string;
    readonly domains?: readonly string[];
    readonly countedAs?: string;
  } = {},
): MailProvider {
  const { page = '', domains = [], countedAs = name } = more;
  return { id, name, mx, isFilter: false, domains, countedAs, page };
}

function filter(id: string, name: string, mx: readonly MxEnd[], page = ''): MailProvider {
  return { id, name, mx, isFilter: true, domains: [], countedAs: name, page };
}

const large: readonly MailProvider[] = [
  provider(
    'google',
    'Google',
    [
      ['gmail-smtp-in.l.google.com', 'Gmail'],
      ...['google.com', 'googlemail.com', 'gmail.com', 'googlesmtp.com'],
    ],
    { page: 'https://postmaster.google.com', domains: ['gmail.com', 'googlemail.com'] },
  ),
  provider('yahoo', 'Yahoo', ['yahoodns.net', 'mx.aol.com', 'mail.aol.com', 'mail.yahoo.com'], {
    page: 'https://senders.yahooinc.com/contact',
    domains: [
      ...['yahoo.com', 'ymail.com', 'rocketmail.com', 'aol.com', 'yahoo.co.uk', 'yahoo.de'],
      ...['yahoo.fr', 'yahoo.it', 'yahoo.es', 'aol.de'],
    ],
  }),
  provider('yahoo-jp', 'Yahoo Japan', ['yahoo.co.jp'], { domains: ['yahoo.co.jp'] }),
  provider('ms-consumer', 'Outlook.com', ['olc.protection.outlook.com', 'hotmail.com'], {
    page: 'https://olcsupport.office.com',
    countedAs: 'Microsoft',
    domains: [
      ...['outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'hotmail.co.uk', 'hotmail.de'],
      ...['hotmail.fr', 'hotmail.it', 'live.co.uk', 'live.de', 'live.fr', 'outlook.de'],
    ],
  }),
  provider(
    'ms-365',
    'Microsoft 365',
    [
      ...['mail.protection.outlook.com', 'mx.microsoft', 'outlook.com', 'office365.com'],
      ...['messaging.microsoft.com', 'frontbridge.com', 'bigfish.com'],
    ],
    { page: 'https://sender.office.com' },
  ),
  provider('apple', 'Apple', ['icloud.com', 'me.com', 'mac.com', 'privaterelay.appleid.com'], {
    page: 'https://support.apple.com/en-us/102322',
    domains: ['icloud.com', 'me.com', 'mac.com'],
  }),
];

const america: readonly MailProvider[] = [
  provider('comcast', 'Comcast', ['comcast.net'], { page: 'https://spa.xfinity.com' }),
  provider('cox', 'Cox', ['cxr.mx.a.cloudfilter.net', 'cox.net'], {
    page: 'https://www.cox.com/residential/support/email-error-codes.html',
  }),
  provider('spectrum', 'Spectrum', ['charter.net', 'rr.com', 'twc.com'], {
    page: 'https://www.spectrum.net/support/internet/understanding-email-error-codes',
  }),
  provider('att', 'AT&T', ['prodigy.net', 'att.net', 'isp.att.net'], {
    page: 'https://www.att.com/esupport/postmaster',
  }),
  provider('verizon', 'Verizon', ['vtext.com', 'verizon.net', 'vzwpix.com']),
  provider('earthlink', 'EarthLink', ['earthlink.net']),
  provider('bell', 'Bell', ['bell.net', 'bellnexxia.net']),
  provider('facebook', 'Facebook', ['mx.facebook.com', 'facebook.com']),
  provider('uol', 'UOL', ['uol.com.br']),
  provider('terra', 'Terra', ['terra.com', 'terra.com.br', 'terraempresas.com.br']),
];

const germany: readonly MailProvider[] = [
  provider(
    'united-internet',
    'GMX and WEB.DE',
    [
      ['gmx.net', 'GMX'],
      ['gmx.com', 'GMX'],
      ['gmx.de', 'GMX'],
      ['web.de', 'WEB.DE'],
      ...['kundenserver.de', 'schlund.de', '1und1.de', 'perfora.net', 'mail.com'],
      ...['1and1.com', '1and1.de', '1and1.fr', '1and1.es', '1and1.it', '1and1.pl', '1and1.co.uk'],
      ...['ionos.com', 'ionos.de', 'ionos.fr', 'ionos.es', 'ionos.it', 'ionos.co.uk', 'ionos.ca'],
      ...['ionos.mx', 'ionos.pl', 'ionos.at'],
    ],
    {
      page: 'https://postmaster.gmx.net/en/contact',
      domains: [
        ...['gmx.de', 'gmx.net', 'gmx.at', 'gmx.ch', 'gmx.com', 'web.de', 'mail.com', '1und1.de'],
      ],
    },
  ),
  provider('t-online', 'Telekom', ['t-online.de', 'magenta.de'], {
    page: 'https://postmaster.t-online.de',
    domains: ['t-online.de', 'magenta.de'],
  }),
  provider('freenet', 'Freenet', ['freenet.de'], { domains: ['freenet.de'] }),
  provider('datev', 'DATEV', ['datevnet.de']),
  provider('hosteurope', 'Host Europe', ['hosteurope.de']),
];

const europe: readonly MailProvider[] = [
  provider('orange', 'Orange', ['orange.fr', 'wanadoo.fr'], {
    page: 'https://postmaster.orange.fr',
    domains: ['orange.fr', 'wanadoo.fr'],
  }),
  provider('laposte', 'La Poste', ['laposte.net'], { page: 'https://postmaster.laposte.net' }),
  provider('free', 'Free', ['free.fr'], { page: 'http://postmaster.free.fr' }),
  provider('sfr', 'SFR', ['sfr.fr', 'neuf.fr', 'cegetel.net', 'numericable.fr']),
  provider('libero', 'Libero', ['libero.it', 'virgilio.it', 'iol.it', 'italiaonline.it'], {
    domains: ['libero.it', 'virgilio.it'],
  }),
  provider('tiscali-it', 'Tiscali', ['tiscali.it']),
  provider('tim-it', 'TIM', ['aliceposta.it', 'tim.it', 'alice.it']),
  provider('bluewin', 'Bluewin', ['bluewin.ch']),
  provider('infomaniak', 'Infomaniak', ['infomaniak.ch', 'infomaniak.com']),
  provider('hostpoint', 'Hostpoint', ['hostpoint.ch']),
  provider(
    'liberty-global',
    'Virgin Media, Ziggo, Sunrise',
    ['as9143.net', 'upcmail.net', 'ziggo.nl', 'virginmedia.com', 'sunrise.ch'],
    { page: 'https://postmaster.virginmedia.com' },
  ),
  provider('kpn', 'KPN', ['kpnmail.nl', 'kpn.net', 'kpn.com']),
  provider('wp-pl', 'WP', ['wp.pl', 'o2.pl', 'go2.pl']),
  provider('interia', 'Interia', ['int.pl', 'interia.pl']),
  provider('proton', 'Proton', ['protonmail.ch', 'proton.ch', 'proton.me'], {
    domains: ['proton.me', 'protonmail.com', 'pm.me'],
  }),
  provider('tuta', 'Tuta', ['tutanota.de', 'tutanota.com', 'tuta.com', 'tuta.io']),
];

const east: readonly MailProvider[] = [
  provider('qq', 'QQ', ['qq.com'], { page: 'https://service.mail.qq.com' }),
  provider('netease', 'NetEase', ['netease.com', '163.com', '126.com'], {
    page: 'https://help.mail.163.com',
  }),
  provider('aliyun', 'Aliyun', ['aliyun.com', 'mxhichina.com', 'alibaba-inc.com']),
  provider('sina', 'Sina', ['sina.com.cn', 'sina.com', 'sina.cn']),
  provider('docomo', 'NTT Docomo', ['docomo.ne.jp']),
  provider('kddi', 'KDDI', ['ezweb.ne.jp', 'au.com']),
  provider('naver', 'Naver', ['naver.com']),
  provider('kakao', 'Kakao', ['hanmail.net', 'daum.net', 'kakao.com']),
  provider('mailru', 'Mail.ru', ['mail.ru'], {
    page: 'https://postmaster.mail.ru',
    domains: ['mail.ru', 'bk.ru', 'list.ru', 'inbox.ru'],
  }),
  provider('yandex', 'Yandex', ['yandex.net', 'yandex.ru', 'yandex.com'], {
    page: 'https://postoffice.yandex.ru',
    domains: ['yandex.ru', 'yandex.com', 'ya.ru'],
  }),
  provider('rambler', 'Rambler', ['rambler.ru']),
  provider('i-ua', 'i.ua', ['email.ua', 'i.ua']),
];

/** Hosting companies, forwarders, and servers that send for others. */
const hosting: readonly MailProvider[] = [
  provider('opensrs', 'OpenSRS', ['hostedemail.com']),
  provider('rackspace', 'Rackspace', ['emailsrvr.com'], {
    page: 'https://postmaster.emailsrvr.com',
  }),
  provider('godaddy', 'GoDaddy', ['secureserver.net'], {
    page: 'https://unblock.secureserver.net',
  }),
  provider('zoho', 'Zoho', ['zoho.com', 'zoho.eu', 'zoho.in', 'zoho.com.au', 'zohomail.com']),
  provider('fastmail', 'Fastmail', ['messagingengine.com']),
  provider('hostinger', 'Hostinger', [
    'hostinger.com',
    'hostinger.io',
    'hostinger.in',
    'titan.email',
  ]),
  provider('cloudflare', 'Cloudflare', ['mx.cloudflare.net', 'cloudflare.net']),
  provider('improvmx', 'ImprovMX', ['improvmx.com']),
  provider('amazon-ses', 'Amazon SES', ['amazonaws.com', 'amazonses.com', 'awsapps.com']),
  provider('sendgrid', 'SendGrid', ['sendgrid.net']),
];

const filters: readonly MailProvider[] = [
  filter(
    'proofpoint',
    'Proofpoint',
    ['pphosted.com', 'ppe-hosted.com', 'pphosted.eu', 'pphosted.de'],
    'https://ipcheck.proofpoint.com',
  ),
  filter('mimecast', 'Mimecast', [
    ...['mimecast.com', 'mimecast.co.za', 'mimecast.eu', 'mimecast-offshore.com', 'mimecast.org'],
  ]),
  filter(
    'barracuda',
    'Barracuda',
    ['barracudanetworks.com', 'cudamail.com', 'cudaops.com'],
    'https://www.barracudacentral.org',
  ),
  filter('messagelabs', 'Broadcom (MessageLabs)', ['messagelabs.com', 'messagelabs.net']),
  filter('cisco', 'Cisco', ['iphmx.com'], 'https://talosintelligence.com/reputation_center'),
  filter('trendmicro', 'Trend Micro', [
    ...['trendmicro.com', 'trendmicro.eu', 'trendmicro.co.jp', 'trendmicro.com.au'],
  ]),
  filter('sophos', 'Sophos', ['hydra.sophos.com', 'sophos.com', 'reflexion.net']),
  filter('spamexperts', 'SpamExperts', ['antispamcloud.com', 'spamexperts.com', 'spamexperts.eu']),
  filter('siteground', 'SiteGround', ['mailspamprotection.com', 'sgvps.net']),
  filter('mailchannels', 'MailChannels', ['mailchannels.net', 'mailchannels.com']),
  filter('vade', 'Vade', ['vadesecure.com', 'vadesecure.net']),
  filter('zerospam', 'ZEROSPAM', ['zerospam.ca']),
  filter('fireeye', 'Trellix (FireEye)', ['fireeyecloud.com', 'fireeyegov.com']),
  filter('mxlogic', 'MX Logic', ['mxlogic.net', 'mxlogic.com']),
  filter('topsec', 'Topsec', ['tstechnology.net', 'topsec.com']),
];

export const mailProviders: readonly MailProvider[] = [
  ...[...large, ...america, ...germany, ...europe, ...east, ...hosting, ...filters],
];

type Ended = { readonly provider: MailProvider; readonly name: string };

const byEnd: ReadonlyMap<string, Ended> = new Map(
  mailProviders.flatMap((one) =>
    one.mx.map((end) =>
      typeof end === 'string'
        ? ([end, { provider: one, name: one.name }] as const)
        : ([end[0], { provider: one, name: end[1] }] as const),
    ),
  ),
);
const byId: ReadonlyMap<string, MailProvider> = new Map(mailProviders.map((one) => [one.id, one]));
const byDomain: ReadonlyMap<string, MailProvider> = new Map(
  mailProviders.flatMap((one) => one.domains.map((domain) => [domain, one] as const)),
);

/** Longest host name that is looked up: longer than any of the DNS (RFC 1035 section 2.3.4). */
const hostMax = 255;

/**
 * Names of customers' hosts: they have an address in them, or a label for rented machines or lines
 * of homes. Anyone can name such a host as the MX of a domain, so it never speaks for the provider.
 */
const withAddress = /(?:^|\D)\d{1,3}([-.])\d{1,3}\1\d{1,3}\1\d{1,3}[-.]/;
const rented = /[-.](?:compute(?:-\d)?|elb)\./;
const ofHome = /[-.](?:hsd\d|abo|hd|rev|dialup|dip\d?|dyn|dynamic|pool|res|static)\./;

function isOfCustomer(name: string): boolean {
  return withAddress.test(name) || rented.test(name) || ofHome.test(name);
}

function endOf(host: string): Ended | undefined {
  if (host.length > hostMax) return undefined;
  const name = host.toLowerCase().replace(/\.$/, '');
  for (let from = 0; ; ) {
    const known = byEnd.get(from === 0 ? name : name.slice(from));
    if (known !== undefined) return isOfCustomer(name) ? undefined : known;
    const dot = name.indexOf('.', from);
    if (dot < 0) return undefined;
    from = dot + 1;
  }
}

/** Who runs this mail host; the longest end of its name decides. */
export function providerOfMx(host: string): MailProvider | undefined {
  return endOf(host)?.provider;
}

export function providerById(id: string): MailProvider | undefined {
  return byId.get(id);
}

/** The name that a person reads; the id where no provider has it. */
export function providerName(id: string): string {
  return byId.get(id)?.name ?? id;
}

/** The id of the provider that a person types: its id, name, one of its domains or mail hosts. */
export function providerTyped(text: string): string {
  const typed = text.toLowerCase();
  if (byId.has(typed)) return typed;
  const isName = (name: string): boolean => name.toLowerCase() === typed;
  const named = mailProviders.find(
    ({ mx, name }) => isName(name) || mx.some((end) => typeof end !== 'string' && isName(end[1])),
  );
  const found = named ?? byDomain.get(typed) ?? byDomain.get(`${typed}.com`) ?? providerOfMx(typed);
  return found?.id ?? typed;
}

/** The name of the provider of a mail host, or the host as it is; empty for an empty name. */
export function mxProvider(host: string): string {
  return endOf(host)?.name ?? host.toLowerCase().replace(/\.$/, '');
}

/** The provider whose own domain this is; undefined for all others. */
export function providerOfDomain(domain: string): MailProvider | undefined {
  return byDomain.get(domain);
}

/** The name of the provider of a recipient's domain, or the domain; empty for an empty domain. */
export function providerOf(domain: string): string {
  return byDomain.get(domain)?.countedAs ?? domain;
}
