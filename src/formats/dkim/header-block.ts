/**
 * Keeps the header of a message so that signatures over it can be checked. Fields are taken from
 * the bottom up, each once; a name without a remaining field means an empty text (RFC 6376 section
 * 5.4.2).
 */
import type { Canonicalization } from './body-hash.ts';
import { canonicalHeader, type HeaderField, headerKey } from './header-canonical.ts';

/** The most octets of a header, five times what Postfix allows for a single field. */
const octetsMax = 512_000;
/** The most fields; even a message that passed fifty servers has fewer. */
const fieldsMax = 2_000;

export type HeaderBlock = {
  add(field: HeaderField): void;
  /** Whether the header is larger than the limits; signatures over it then cannot be checked. */
  readonly overflowed: boolean;
  /**
   * The data that is signed: the fields that `names` (keys) select, then `own`, which is `field`
   * without its signature. `names` never selects `field` itself.
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
  /** Canonical fields are cached, because several signatures mostly cover the same fields. */
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
