/**
 * Reads from Postfix which domains it delivers, by which transport, and where their
 * recipients are.
 */
import {
  type ClassFacts,
  classParameters,
  type PublicService,
  type RecipientClass,
} from '../../../core/reflection/facts.ts';
import { expand, type MainCf, mainValue } from '../../../formats/postfix/main-cf.ts';
import { type MasterCf, override, type Service } from '../../../formats/postfix/master-cf.ts';
import { expandedValue, smtpdServices } from '../../../formats/postfix/services.ts';
import { listEntries, wordsOf } from '../lists.ts';
import { postconfValues } from '../postconf.ts';

/** Domains of one class that are looked at one by one. */
const domainsMax = 1_000;
const transports = {
  local: 'local_transport',
  virtual: 'virtual_transport',
  relay: 'relay_transport',
} as const;
const kinds: readonly RecipientClass[] = ['local', 'virtual', 'relay'];

export async function readClasses(configDirectory: string): Promise<readonly ClassFacts[]> {
  const names = kinds.flatMap((kind) => Object.values(classParameters[kind]));
  const more = [...Object.values(transports), 'mailbox_transport'];
  const values = await postconfValues([...names, ...more], configDirectory);
  const mailbox = values['mailbox_transport'] ?? '';
  return Promise.all(
    kinds.map(async (kind) => {
      const { domains, recipients } = classParameters[kind];
      const listed = await domainsIn(values[domains] ?? '', configDirectory);
      const transport = values[transports[kind]] ?? '';
      const isByMailbox = kind === 'local' && /^local\b/.test(transport) && mailbox !== '';
      return {
        kind,
        ...listed,
        recipients: values[recipients] ?? '',
        transport: isByMailbox ? mailbox : transport,
      };
    }),
  );
}

async function domainsIn(
  value: string,
  configDirectory: string,
): Promise<Pick<ClassFacts, 'domains' | 'unlisted'>> {
  const domains = new Set<string>();
  const unlisted: string[] = [];
  for (const word of wordsOf(value)) {
    if (word.startsWith('!')) continue;
    const entries = await listEntries(word, configDirectory).catch(() => undefined);
    if (entries === undefined) unlisted.push(word);
    for (const entry of entries ?? []) {
      if (/^[A-Za-z0-9-][A-Za-z0-9.-]{0,254}$/.test(entry)) domains.add(entry.toLowerCase());
    }
  }
  return { domains: [...domains].slice(0, domainsMax), unlisted };
}

const restrictionLists = ['client', 'helo', 'sender', 'relay', 'recipient'].map(
  (stage) => `smtpd_${stage}_restrictions`,
);

/** The services that are open to strangers. */
export function publicServices(main: MainCf, master: MasterCf): readonly PublicService[] {
  return smtpdServices(main, master)
    .filter(({ role }) => role === 'smtp')
    .map(({ service }) => {
      const value = (name: string): string => expandedValue(main, service, name);
      const restrictions = restrictionLists.map(value).join(', ');
      const proxy = value('smtpd_proxy_filter');
      return {
        name: service.name,
        restrictions: withClasses(main, restrictions),
        accepts: acceptsBy(main, service, restrictions),
        filter: proxy === '' ? value('content_filter') : '',
      };
    });
}

/** Classes of restrictions that the operator has named, with their values. */
function withClasses(main: MainCf, restrictions: string): string {
  const names = wordsOf(mainValue(main, 'smtpd_restriction_classes') ?? '');
  const values = names
    .filter((name) => restrictions.includes(name))
    .map((name) => expand(mainValue(main, name) ?? '', (wanted) => mainValue(main, wanted)));
  return [restrictions, ...values].join(', ');
}

/** The setting by which this service accepts recipients that are not listed; empty: none. */
function acceptsBy(main: MainCf, service: Service, restrictions: string): string {
  const where = (name: string): string =>
    override(service, name) === undefined ? 'main.cf' : 'master.cf';
  const skipped = 'no_unknown_recipient_checks';
  const options = 'receive_override_options';
  if (expandedValue(main, service, options).includes(skipped)) {
    return `${options}=${skipped} (${where(options)})`;
  }
  const unlisted = 'smtpd_reject_unlisted_recipient';
  if (
    expandedValue(main, service, unlisted) === 'no' &&
    !/\breject_unlisted_recipient\b/.test(restrictions)
  ) {
    return `${unlisted}=no (${where(unlisted)})`;
  }
  const emptied = Object.values(classParameters)
    .map(({ recipients }) => recipients)
    .find((name) => override(service, name)?.value === '');
  return emptied === undefined ? '' : `${emptied}= (master.cf)`;
}
