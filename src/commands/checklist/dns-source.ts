/** What the checklist reads from the DNS: the server and its domains, as `dns check` does. */
import type { Config } from '../../config/schema.ts';
import type { SeenFinding } from '../../core/checklist/items/derive.ts';
import type { Finding } from '../../core/finding.ts';
import type { Aspect } from '../../core/identity/aspect.ts';
import { examine } from '../../core/identity/examine.ts';
import { sendingServer } from '../../daemon/base/sending-identity.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { fetched, labelBeside, openLiveDns } from '../dns/answers.ts';
import { type IdentityOptions, type KnownDomains, knownDomains } from '../dns/identity.ts';
import { mayLookInto, stateDirectory } from '../guard/run-file.ts';

/** Domains that are checked; more take too long. `postern dns check` checks all. */
const domainsMax = 30;

export type DnsOptions = Pick<IdentityOptions, 'state'> & { readonly domain?: readonly string[] };

/** `note`: says what was left out. */
export async function dns(
  config: Config,
  { domain = [], ...options }: DnsOptions,
  note: (text: string) => void,
): Promise<readonly SeenFinding[]> {
  const { identities, server } = await known(domain, options, config);
  if (identities.length > domainsMax) {
    note(`${domainsMax} of ${identities.length} domains were checked; all: postern dns check`);
  }
  const some = identities.slice(0, domainsMax);
  using live = openLiveDns(config, some.length);
  const { answer } = live;
  const fetching = { answer, askMx: false, network: true };
  const whole = await Promise.all(some.map((one) => fetched(one, fetching)));
  const found = await answeredLater(examine(server, whole, labelBeside()), answer);
  const silent = new Set(some.filter(({ sends }) => !sends).map((one) => one.domain));
  return [
    ...(found.server === undefined ? [] : seen(found.server.aspect, some[0]?.domain)),
    ...found.domains.flatMap((one) =>
      seen(one.aspect, one.domain).map((finding) =>
        silent.has(one.domain) ? ofSilent(finding) : finding,
      ),
    ),
  ];
}

async function known(
  domains: readonly string[],
  options: IdentityOptions,
  config: Config,
): Promise<Pick<KnownDomains, 'identities' | 'server'>> {
  try {
    return await knownDomains(domains, options, { config, warn: () => undefined });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'no-domain' || domains.length > 0) {
      throw error;
    }
    // The ledger may know some, and this user may not read it.
    mayLookInto(stateDirectory(options.state));
    return { identities: [], server: sendingServer(config) };
  }
}

/** A record that is not there was never there; a wrong one is broken. */
function seen({ findings, steps }: Aspect, domain: string | undefined): readonly SeenFinding[] {
  const states = new Map(steps.map(({ id, state }) => [id, state]));
  return findings.map((finding: Finding): SeenFinding => {
    const isBad = finding.kind === 'fail' || finding.kind === 'warn';
    const isMissing = states.get(finding.id) === 'missing';
    if (!isBad) return finding;
    const fix = domain === undefined ? finding.fix : withText(finding.fix, domain);
    return isMissing ? { ...finding, fix, state: 'missing' } : { ...finding, fix };
  });
}

/** Where the text of the record stands that is to be published. */
function withText(fix: string, domain: string): string {
  if (!fix.startsWith('publish ')) return fix;
  return `${fix}; its text:\n${shellWords('postern', 'dns', 'plan', domain)} --only-changes`;
}

function ofSilent(finding: SeenFinding): SeenFinding {
  return { ...finding, id: `silent.${finding.id}` };
}
