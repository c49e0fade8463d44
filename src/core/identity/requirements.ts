/**
 * The requirements of big providers for senders, and the findings that show whether they are met.
 * Sources are the published rules of Gmail (support 81126), Yahoo (senders.yahooinc.com) and
 * Microsoft (outlook.com, since May 2025). Pure.
 */
import type { Finding } from '../finding.ts';

export type Provider = 'Gmail' | 'Yahoo' | 'Microsoft';
/** `unseen`: Postern cannot check it. */
export type MetState = 'yes' | 'no' | 'unknown' | 'unseen';
export type Requirement = {
  readonly what: string;
  readonly by: readonly Provider[];
  /** True if only senders of more than 5,000 messages a day to one provider must meet it. */
  readonly bulkOnly: boolean;
  readonly met: MetState;
  /** Ids of the findings that show it, or where to look. */
  readonly see: string;
};

type Rule = Omit<Requirement, 'met' | 'see'> & {
  /** Ids of findings that must be good; of an inner list, one is enough. */
  readonly needs: readonly (string | readonly string[])[];
  /** Where to look, if no finding can show it. */
  readonly look?: string;
};

const all: readonly Provider[] = ['Gmail', 'Yahoo', 'Microsoft'];
const rules: readonly Rule[] = [
  { what: 'SPF or DKIM passes', by: ['Gmail', 'Yahoo'], bulkOnly: false, needs: [['spf', 'dkim']] },
  {
    what: 'server address and name agree',
    by: all,
    bulkOnly: false,
    needs: ['host.reverse'],
  },
  { what: 'EHLO says a name that leads here', by: ['Microsoft'], bulkOnly: false, needs: ['host'] },
  { what: 'SPF and DKIM pass', by: all, bulkOnly: true, needs: ['spf', 'dkim'] },
  { what: 'DMARC, p=none at least', by: all, bulkOnly: true, needs: ['dmarc'] },
  { what: 'From agrees with SPF or DKIM', by: all, bulkOnly: true, needs: [['dkim', 'spf']] },
  {
    what: 'mail is handed over by TLS',
    by: ['Gmail'],
    bulkOnly: false,
    needs: [],
    look: 'smtp_tls_security_level',
  },
  {
    what: 'newsletters: 1-click unsubscribe',
    by: ['Gmail', 'Yahoo'],
    bulkOnly: true,
    needs: [],
    look: 'List-Unsubscribe-Post',
  },
  {
    what: 'complaints below 0.3 %',
    by: ['Gmail', 'Yahoo'],
    bulkOnly: true,
    needs: [],
    look: 'postmaster.google.com',
  },
];

/** The requirements for a domain that sends. `findings`: those of the domain and the server. */
export function requirements(
  findings: readonly Finding[],
  { bulk }: { readonly bulk: boolean },
): readonly Requirement[] {
  return rules
    .filter(({ bulkOnly }) => bulk || !bulkOnly)
    .map(({ needs, look, ...rule }) => ({
      ...rule,
      met: needs.length === 0 ? 'unseen' : worstOf(needs.map((need) => metBy(findings, need))),
      see: look ?? [...new Set(needs.flat())].join(', '),
    }));
}

/** What a bulk sender lacks, as sentences: first what is not met, then what is not known. */
export function bulkLacks(findings: readonly Finding[]): readonly string[] {
  const rows = requirements(findings, { bulk: true });
  const text = (met: MetState, start: string): readonly string[] =>
    rows.filter((row) => row.met === met).map(({ see, what }) => `${start}: ${what} (${see})`);
  return [...text('no', 'not met'), ...text('unknown', 'not known')];
}

function metBy(findings: readonly Finding[], need: string | readonly string[]): MetState {
  const several = typeof need === 'string' ? [need] : need;
  const each = several.map((id) => group(findings, id));
  return order.toReversed().find((met) => each.includes(met)) ?? 'unknown';
}

const order: readonly MetState[] = ['no', 'unknown', 'unseen', 'yes'];
const worstOf = (mets: readonly MetState[]): MetState =>
  order.find((met) => mets.includes(met)) ?? 'unknown';

/** Only a failure breaks a requirement; a warning does not. */
function group(findings: readonly Finding[], id: string): MetState {
  const fitting = findings.filter((one) => one.id === id || one.id.startsWith(`${id}.`));
  const kinds = fitting.filter((one) => !aside.includes(one.id)).map(({ kind }) => kind);
  if (kinds.includes('fail')) return 'no';
  return kinds.length === 0 || kinds.includes('unknown') ? 'unknown' : 'yes';
}

/** Findings with a fitting id that say nothing about the requirement. */
const aside: readonly string[] = ['spf.helo', 'spf.helo.budget', 'dkim.domain-keys', 'dkim.adsp'];
