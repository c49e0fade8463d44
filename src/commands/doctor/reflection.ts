/** What doctor checks: does this server accept mail that it returns later? */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import type { Finding } from '../../core/finding.ts';
import { dovecotFactsIn } from '../../core/reflection/dovecot.ts';
import type { ReflectionFacts } from '../../core/reflection/facts.ts';
import { reflectionFindings } from '../../core/reflection/ways.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import { openResolver } from '../../partners/dns/resolver.ts';
import { dnsServers } from '../../partners/dns/servers.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { readReflectionFacts } from '../../partners/postfix/recipients/reflection-facts.ts';
import { programOutput } from '../../partners/program.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';

const doveconf = '/usr/bin/doveconf';
const programMs = 10_000;
const dnsMs = 5_000;
/** Domains whose MX records are looked up. */
const domainsMax = 20;

/** Nothing where there is no Postfix to ask. */
export async function reflection(
  config: Config,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  let configDirectory: string;
  try {
    configDirectory = configDir ?? (await postconf('config_directory', undefined));
  } catch {
    return [];
  }
  try {
    const files = await readPostfixFiles(configDirectory);
    const postfix = await readReflectionFacts(configDirectory, files);
    const hosts = [await postconf('myhostname', configDirectory), config.host];
    return reflectionFindings({
      ...postfix,
      dovecot: await dovecot(config.dovecot),
      ...(await otherExchangers(config, postfix.classes, hosts)),
      answersJudged: config.reflection.answers === 'judge' && config.verify.enabled,
    });
  } catch (cause) {
    return [
      {
        id: 'reflection',
        kind: 'unknown',
        title: 'Mail that is accepted and returned',
        found: faultText(cause),
        wanted: 'answers of postconf and postmap',
        fix: 'run doctor as root: tables may have passwords',
      },
    ];
  }
}

/** Undefined without Dovecot. */
async function dovecot(settings: Config['dovecot']): Promise<ReflectionFacts['dovecot']> {
  if (!existsSync(doveconf)) return undefined;
  const more = settings.config === '' ? [] : ['-c', settings.config];
  const call = (program: string, args: readonly string[]): Promise<readonly string[]> =>
    programOutput({ program, args, signal: AbortSignal.timeout(programMs), errors: 'complaint' });
  try {
    const [version = ''] = await call('/usr/sbin/dovecot', ['--version']);
    const lines = await call(doveconf, [...more, '-n']);
    return dovecotFactsIn(lines.join('\n'), version);
  } catch {
    return 'unread';
  }
}

/** Hosts in the MX records of our domains that are not this server. */
async function otherExchangers(
  config: Config,
  classes: ReflectionFacts['classes'],
  own: readonly string[],
): Promise<Pick<ReflectionFacts, 'otherExchangers' | 'silentDomains'>> {
  const all = classes.filter(({ kind }) => kind !== 'relay').flatMap(({ domains }) => domains);
  const domains = [...new Set(all)].filter((one) => one.includes('.')).slice(0, domainsMax);
  const here = new Set(own.map((name) => name.toLowerCase()));
  const clock = { now: () => Date.now() as Millis };
  using resolve = openResolver({ ...dnsServers(config.dns.servers), clock, totalMs: dnsMs });
  const silentDomains: string[] = [];
  const found = await Promise.all(
    domains.map(async (name) => {
      const answer = await resolve({ name, type: 'MX' });
      if (answer.kind === 'failure') silentDomains.push(name);
      if (answer.kind !== 'records') return [];
      const hosts = answer.records.flatMap((one) => (one.type === 'MX' ? [one.exchange] : []));
      const names = hosts.map((host) => host.replace(/\.$/, '').toLowerCase());
      // A domain whose mail goes elsewhere is not ours to judge.
      if (!names.some((host) => here.has(host))) return [];
      return names.filter((host) => !here.has(host)).map((host) => `${name}: ${host}`);
    }),
  );
  return { otherExchangers: found.flat(), silentDomains: silentDomains.sort() };
}
