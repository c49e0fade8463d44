/** Which kind of evidence a signal is. */
import type { Reason } from '../reason.ts';
import type { EvidenceKind } from './stop.ts';

const kinds: Readonly<Partial<Record<Reason['signal'], EvidenceKind>>> = {
  'spam-like': 'content',
  content: 'content',
  'spam-score': 'content',
  virus: 'content',
  elsewhere: 'client',
  'odd-client': 'client',
  'new-network': 'client',
  networks: 'client',
  'guessed-login': 'client',
  'new-identity': 'client',
  'foreign-author': 'client',
  'failed-recipients': 'replies',
  'provider-replies': 'replies',
  strangers: 'numbers',
  'new-recipients': 'numbers',
  recipients: 'numbers',
  messages: 'numbers',
  reached: 'numbers',
  'same-body': 'numbers',
  'new-local': 'numbers',
};

/** Undefined: no evidence of the guard, such as a ceiling, or only a circumstance. */
export function kindOfSignal(signal: string): EvidenceKind | undefined {
  return (kinds as Readonly<Record<string, EvidenceKind | undefined>>)[signal];
}

/** The kinds among these signals, each once. */
export function kindsOfReasons(
  reasons: readonly { readonly signal: string }[],
): readonly EvidenceKind[] {
  const found = new Set<EvidenceKind>();
  for (const { signal } of reasons) {
    const kind = kindOfSignal(signal);
    if (kind !== undefined) found.add(kind);
  }
  return [...found];
}
