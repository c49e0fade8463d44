/**
 * Checks that scanners scan the mail that leaves. Evidence is a test message that every scanner
 * must recognise, and what the guard says about the scanner. Pure.
 */
import { type Finding, fine } from '../finding.ts';
import { type ScannerName, scannerTitles } from '../scan/report.ts';

export type ScannerFacts = {
  readonly name: ScannerName;
  readonly address: string;
  /** The result for the test message (GTUBE, or EICAR for ClamAV). */
  readonly tried:
    | { readonly kind: 'known'; readonly tookMs: number }
    | { readonly kind: 'unknown' }
    | { readonly kind: 'failed'; readonly why: string };
  /**
   * The address at which the running guard uses it, with a note where it does not answer there;
   * undefined: the guard does not use it.
   */
  readonly guard: string | undefined | 'no guard';
};

const wanted = 'an answer in time that recognises the test message';
const service: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'systemctl status spamd (Debian: apt-get install spamd spamassassin)',
  rspamd: 'systemctl status rspamd; scan.rspamd is its normal worker, usually port 11333',
  clamav: 'systemctl status clamav-daemon; it needs a minute to read its signatures',
};
const ignorant: Readonly<Record<ScannerName, string>> = {
  spamassassin: 'spamassassin --lint shows errors in its configuration',
  rspamd: 'rspamadm configtest; gtube_patterns must not be off',
  clamav: 'freshclam; it has no signatures, or they are very old',
};

/** `whenDown`: what happens to mail meanwhile (scan.when_down). */
export function checkScanner(facts: ScannerFacts, whenDown: 'pass' | 'delay'): Finding {
  const { name, address, tried, guard } = facts;
  const id = `scan.${name}`;
  const title = `Scanner ${scannerTitles[name]}`;
  const bad = (found: string, fix: string): Finding => {
    const stance =
      whenDown === 'pass'
        ? 'mail goes out without its scan (scan.when_down)'
        : 'mail is delayed (scan.when_down)';
    return { id, kind: 'fail', title, found: `${found}; ${stance}`, wanted, fix };
  };
  if (tried.kind === 'failed') return bad(tried.why, service[name]);
  if (tried.kind === 'unknown') {
    const found = `${address} answers, but does not recognise the test message`;
    return bad(found, ignorant[name]);
  }
  if (guard === undefined) {
    return bad(
      'set in postern.toml, but the guard does not use it yet',
      'systemctl reload postern',
    );
  }
  if (guard !== 'no guard' && guard !== address) {
    const fix = address.startsWith('unix:')
      ? `let the guard's user open ${address.slice('unix:'.length)}; its log says why it cannot`
      : 'the log of the guard says why (scan.down)';
    return bad(`it answers this command, but the guard has ${guard}`, fix);
  }
  return fine(id, title, `${address} recognised the test message in ${tried.tookMs} ms`);
}
