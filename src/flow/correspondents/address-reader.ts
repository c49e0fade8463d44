/** Reads the fields of a message that comes in which say who wrote it, and to which mailbox. */
import {
  type AddressFields,
  saysNoPerson,
  type WroteIn,
  wroteIn,
} from '../../core/correspondents/wrote-in.ts';
import { headerKey } from '../../formats/dkim/header-canonical.ts';

/** Octets kept of a field: of a longer one, not all addresses are read. */
const fieldMax = 8_192;
/** Fields of one name that are kept: with a second one, none counts. */
const fieldsMax = 2;

const addressFields = ['from', 'to', 'cc'] as const;

export class AddressReader {
  readonly #fields: Readonly<Record<keyof AddressFields, string[]>> = { from: [], to: [], cc: [] };
  #isPersons = true;

  header(name: string, value: string): void {
    if (!this.#isPersons) return;
    const key = headerKey(name);
    const field = addressFields.find((one) => one === key);
    if (field !== undefined) {
      const kept = this.#fields[field];
      if (kept.length < fieldsMax) kept.push(value.length > fieldMax ? '' : value);
    } else if (saysNoPerson(key, value)) this.#isPersons = false;
  }

  /** The whole header was read. Undefined: nobody who can be named wrote it to a mailbox here. */
  wroteIn(
    results: Parameters<typeof wroteIn>[1],
    here: Parameters<typeof wroteIn>[2],
  ): WroteIn | undefined {
    return this.#isPersons ? wroteIn(this.#fields, results, here) : undefined;
  }
}
