/**
 * Is mail that leaves really scanned? From letters that scanners must know, and what the guard says
 * of them. Pure.
 */

import { type Finding, fine } from '../finding.ts';
import { type ScannerName, scannerTitles } from '../scan/report.ts';

export type ScannerFacts = {
  readonly name: ScannerName;
  readonly address: string;
  /** What came of a letter that is bad by agreement. */
  readonly tried:
    | { readonly kind: 'known'; readonly tookMs: number }
    | { readonly kind: 'unknown' }
    | { readonly kind: 'failed'; readonly why: string };
  /**
   * Where the running guard has it, and whether it answers there; undefined: it has none; no guard
   * runs: `tried` alone.
   */
  readonly guard: string | undefined | 'no guard';
};

const wanted = 'a scanner that answers in time, and knows what is bad by agreement';
const service: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'systemctl status spamd (Debian: apt-get install spamd spamassassin)',
  rspamd: 'systemctl status rspamd; scan.rspamd is its normal worker, usually port 11333',
  clamav: 'systemctl status clamav-daemon; it needs a minute to read its signatures',
};
const ignorant: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'spamassassin --lint says what is wrong with its configuration',
  rspamd: 'rspamadm configtest; its test patterns (gtube_patterns) must not be off',
  clamav: 'freshclam: it has no signatures, or they are very old',
};

/** `whenDown`: what becomes of mail meanwhile (scan.when_down). */
export function checkScanner(facts: ScannerFacts, whenDown: 'pass' | 'delay'): Finding {
  const { name, address, tried, guard } = facts;
  const id = `scan.${name}`;
  const title = `${scannerTitles[name]} scans mail that leaves`;
  const bad = (found: string, mend: string): Finding => {
    const stance =
      whenDown === 'pass' ? 'mail goes without it' : 'mail is delayed (scan.when_down)';
    return { id, kind: 'fail', title, found: `${found}; ${stance}`, wanted, mend };
  };
  if (tried.kind === 'failed') return bad(tried.why, service[name]);
  if (tried.kind === 'unknown') {
    const found = `${address} answers, and finds nothing in a letter that is bad by agreement`;
    return bad(found, ignorant[name]);
  }
  if (guard === undefined) {
    return bad('it is in postern.toml, and the guard does not ask it', 'systemctl reload postern');
  }
  if (guard !== 'no guard' && guard !== address) {
    const mend = address.startsWith('unix:')
      ? `let the guard's user open ${address.slice('unix:'.length)}; its log says why it cannot`
      : "the guard's log says why: scan.down";
    return bad(`it answers me, and to the guard it is ${guard}`, mend);
  }
  return fine(id, title, `${address} knows a letter that is bad by agreement, ${tried.tookMs} ms`);
}
