/**
 * What the big providers require of senders, and which findings say whether it is met. From their
 * published rules: Gmail (support 81126), Yahoo (senders.yahooinc.com), Microsoft (outlook.com,
 * since May 2025). Pure.
 */
import type { Finding } from '../finding.ts';

export type Provider = 'Gmail' | 'Yahoo' | 'Microsoft';
/** `unseen`: nothing here can tell. */
export type MetState = 'yes' | 'no' | 'unknown' | 'unseen';
export type Requirement = {
  readonly what: string;
  readonly by: readonly Provider[];
  /** Only of those who send more than 5,000 messages a day to one provider. */
  readonly bulkOnly: boolean;
  readonly met: MetState;
  /** Ids of the findings that say so; or where to look. */
  readonly see: string;
};

type Rule = Omit<Requirement, 'met' | 'see'> & {
  /** MetState when these are; a list inside: when one of it is. */
  readonly needs: readonly (string | readonly string[])[];
  /** Where no finding can tell. */
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

/** Of a domain that sends: `findings` are its own and the server's. */
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

function metBy(findings: readonly Finding[], need: string | readonly string[]): MetState {
  const several = typeof need === 'string' ? [need] : need;
  const each = several.map((id) => group(findings, id));
  return order.toReversed().find((met) => each.includes(met)) ?? 'unknown';
}

const order: readonly MetState[] = ['no', 'unknown', 'unseen', 'yes'];
const worstOf = (mets: readonly MetState[]): MetState =>
  order.find((met) => mets.includes(met)) ?? 'unknown';

/** A warning is about what could be better; only a failure breaks a requirement. */
function group(findings: readonly Finding[], id: string): MetState {
  const fitting = findings.filter((one) => one.id === id || one.id.startsWith(`${id}.`));
  const kinds = fitting.filter((one) => !aside.includes(one.id)).map(({ kind }) => kind);
  if (kinds.includes('fail')) return 'no';
  return kinds.length === 0 || kinds.includes('unknown') ? 'unknown' : 'yes';
}

/** Findings below a name that say nothing about it. */
const aside: readonly string[] = ['spf.helo', 'spf.helo.budget', 'dkim.domain-keys', 'dkim.adsp'];
