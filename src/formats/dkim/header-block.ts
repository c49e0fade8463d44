/**
 * The header of a message, kept so that signatures over it can be checked: fields are taken from
 * the bottom up, each once, and a name for which there is none any more stands for nothing (RFC
 * 6376 section 5.4.2).
 */
import type { Canonicalization } from './body-hash.ts';
import { canonicalHeader, type HeaderField, headerKey } from './header-canonical.ts';

/** Octets: five times what Postfix lets a single field have. */
const octetsMax = 512_000;
/** A message that went through fifty servers has fewer. */
const fieldsMax = 2_000;

export type HeaderBlock = {
  add(field: HeaderField): void;
  /** More than is kept was added: nothing can be said about signatures. */
  readonly overflowed: boolean;
  /**
   * What is signed: the fields that `names` (keys) select, then `own`, which is `field` without its
   * signature. `field` itself is not among those that can be selected.
   */
  signedData(
    how: Canonicalization,
    names: readonly string[],
    own: HeaderField,
    field: HeaderField,
  ): Buffer;
};

export function openHeaderBlock(): HeaderBlock {
  const byKey = new Map<string, HeaderField[]>();
  /** Several signatures mostly cover the same fields. */
  const relaxed = new Map<HeaderField, string>();
  let octets = 0;
  let count = 0;
  const canonical = (how: Canonicalization, field: HeaderField): string => {
    if (how === 'simple') return canonicalHeader(how, field);
    const known = relaxed.get(field);
    if (known !== undefined) return known;
    const made = canonicalHeader(how, field);
    relaxed.set(field, made);
    return made;
  };
  return {
    add(field) {
      octets += field.name.length + field.value.length;
      count++;
      if (octets > octetsMax || count > fieldsMax) {
        byKey.clear();
        return;
      }
      const key = headerKey(field.name);
      const fields = byKey.get(key);
      if (fields === undefined) byKey.set(key, [field]);
      else fields.push(field);
    },
    get overflowed() {
      return octets > octetsMax || count > fieldsMax;
    },
    signedData(how, names, own, field) {
      const taken = new Map<string, number>();
      let text = '';
      for (const key of names) {
        const fields = byKey.get(key) ?? [];
        let at = taken.get(key) ?? fields.length;
        do at--;
        while (fields[at] === field);
        taken.set(key, Math.max(at, 0));
        const chosen = fields[at];
        if (chosen !== undefined) text += `${canonical(how, chosen)}\r\n`;
      }
      return Buffer.from(text + canonicalHeader(how, own), 'latin1');
    },
  };
}
