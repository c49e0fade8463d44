/**
 * SMTP smuggling (December 2023, CVE-2023-51764): a server that takes a bare newline for the end of
 * a message can be made to send a second message with a forged sender. Which setting helps depends
 * on the version of Postfix (postfix.org/smtp-smuggling.html). Pure.
 */
import type { MainCf } from '../../../formats/postfix/main-cf.ts';
import { type MasterCf, override } from '../../../formats/postfix/master-cf.ts';
import { expandedValue, isReachable, smtpdServices } from '../../../formats/postfix/services.ts';
import type { ChecklistItem } from '../items/item.ts';
import {
  type Commands,
  inPlace,
  type Judged,
  type KnownMeasure,
  notNeeded,
  unknown,
} from './judged.ts';

export type SmugglingFacts = {
  readonly main: MainCf;
  readonly master: MasterCf;
  /** mail_version. */
  readonly version: string;
  /** Value of smtpd_forbid_bare_newline as postconf says it, with the default; empty: not known. */
  readonly bareNewline: string;
};

const known: KnownMeasure = {
  id: 'mail.smuggling',
  title: 'Postfix takes no bare newline for the end of a message',
  effort: 'minutes',
  cost: 'free',
  effect: 'No stranger can smuggle a second message with a forged sender through this server.',
  requiredBy: [],
};

export function smugglingItem(
  facts: SmugglingFacts | undefined,
  commands: Commands,
): ChecklistItem {
  const judged =
    facts === undefined
      ? unknown(
          'there is no Postfix to read',
          'apt-get install postfix, or name its folder: --config-dir',
        )
      : judge(facts, commands);
  return { ...known, ...judged };
}

/** First patch level of each series with the setting, and with its value `normalize`. */
const series: readonly (readonly [minor: number, setting: number, normalize: number])[] = [
  [5, 23, 24],
  [6, 13, 14],
  [7, 9, 10],
  [8, 4, 5],
];
type Support = 'none' | 'yes' | 'normalize' | 'unknown';

/** What this version understands. */
export function smugglingSupport(version: string): Support {
  const read = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  if (read === null) return 'unknown';
  const [major, minor, patch] = [read[1], read[2], read[3] ?? '0'].map(Number) as [
    number,
    number,
    number,
  ];
  if (major > 3 || (major === 3 && minor >= 9)) return 'normalize';
  const row = series.find(([one]) => major === 3 && one === minor);
  if (row === undefined || patch < row[1]) return 'none';
  return patch < row[2] ? 'yes' : 'normalize';
}

function judge({ bareNewline, main, master, version }: SmugglingFacts, commands: Commands): Judged {
  const open = smtpdServices(main, master).filter(({ service }) => isReachable(main, service));
  if (open.length === 0) return notNeeded('no other machine can connect to Postfix');
  const support = smugglingSupport(version);
  if (support === 'unknown') {
    return unknown(`the version of Postfix is not known (${version})`, 'postconf mail_version');
  }
  if (support === 'none') return ofOldVersion({ main, version }, open);
  const valueAt = (service: (typeof open)[number]['service']): string =>
    (override(service, 'smtpd_forbid_bare_newline')?.value ?? bareNewline).toLowerCase();
  if (open.some(({ service }) => valueAt(service) === '')) {
    return unknown('postconf did not say smtpd_forbid_bare_newline', 'postconf -n');
  }
  const bad = open.filter(({ service }) => !/^(?:yes|normalize|reject)$/.test(valueAt(service)));
  if (bad.length === 0) return inPlace(`smtpd_forbid_bare_newline = ${bareNewline}`);
  const named = bad.map(({ service }) => `${service.name} = ${valueAt(service)}`).join(', ');
  const value = support === 'normalize' ? 'normalize' : 'yes';
  const isInMain = bad.every(
    ({ service }) => override(service, 'smtpd_forbid_bare_newline') === undefined,
  );
  return {
    state: 'missing',
    found: `smtpd_forbid_bare_newline is off (Postfix ${version}): ${named}`,
    fix:
      `set smtpd_forbid_bare_newline = ${value}` +
      `${isInMain ? '' : ', and remove it from the options in master.cf'}; clients in ` +
      'smtpd_forbid_bare_newline_exclusions (mynetworks) are left out',
    command: isInMain ? commands.postconf(`smtpd_forbid_bare_newline=${value}`) : '',
  };
}

/** Before the setting there were two others, which stop most attacks. */
function ofOldVersion(
  { main, version }: Pick<SmugglingFacts, 'main' | 'version'>,
  open: ReturnType<typeof smtpdServices>,
): Judged {
  const lacks = open.flatMap(({ service }) => {
    const data = expandedValue(main, service, 'smtpd_data_restrictions');
    const words = expandedValue(main, service, 'smtpd_discard_ehlo_keywords');
    const missing = [
      ...(/\breject_unauth_pipelining\b/.test(data) ? [] : ['reject_unauth_pipelining']),
      ...(/\bchunking\b/i.test(words) ? [] : ['chunking']),
    ];
    return missing.length === 0 ? [] : [`${service.name} lacks ${missing.join(' and ')}`];
  });
  if (lacks.length === 0) {
    return inPlace(
      `Postfix ${version} has no smtpd_forbid_bare_newline; reject_unauth_pipelining and ` +
        'smtpd_discard_ehlo_keywords = chunking stop most attacks',
    );
  }
  return {
    state: 'missing',
    found: `Postfix ${version} has no smtpd_forbid_bare_newline, and ${lacks.join('; ')}`,
    fix:
      'upgrade Postfix; until then set smtpd_data_restrictions = reject_unauth_pipelining and ' +
      'smtpd_discard_ehlo_keywords = chunking, silent-discard',
    command: '',
  };
}
