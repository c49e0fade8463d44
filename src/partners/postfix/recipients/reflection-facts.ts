/** Collects what core/reflection judges of a Postfix. */
import type { ReflectionFacts } from '../../../core/reflection/facts.ts';
import { parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import { postconfValues } from '../postconf.ts';
import { readAliases } from './aliases.ts';
import { publicServices, readClasses } from './classes.ts';

type PostfixPart = Pick<
  ReflectionFacts,
  'classes' | 'services' | 'values' | 'catchAlls' | 'deadAliases' | 'twice'
>;

const settings = [
  'soft_bounce',
  'unverified_recipient_reject_code',
  'unknown_local_recipient_reject_code',
  'unknown_virtual_mailbox_reject_code',
  'unknown_virtual_alias_reject_code',
  'unknown_relay_recipient_reject_code',
  'delay_warning_time',
  'luser_relay',
] as const;

export async function readReflectionFacts(
  configDirectory: string,
  files: { readonly main: string; readonly master: string },
): Promise<PostfixPart> {
  const classes = await readClasses(configDirectory);
  const values = await postconfValues(settings, configDirectory);
  const all = classes.flatMap(({ domains }) => domains);
  return {
    classes,
    services: publicServices(parseMainCf(files.main), parseMasterCf(files.master)),
    values,
    twice: [...new Set(all.filter((domain, nth) => all.indexOf(domain) !== nth))],
    ...(await readAliases(classes, configDirectory)),
  };
}
