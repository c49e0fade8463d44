/** What an operator has listed as never waiting, by settings and by command. */
import { isAmong, type Network, parseNetwork } from '../../../formats/postfix/network-list.ts';
import type { AllowedRow } from '../../../ports/inbound/inbound.ts';
import type { Change } from '../../../ports/ledger.ts';

export class AllowedSenders {
  readonly #rows = new Map<string, AllowedRow>();
  #names: ReadonlySet<string> = new Set();
  #networks: readonly Network[] = [];
  #configured: readonly string[];

  constructor(rows: readonly AllowedRow[], configured: readonly string[]) {
    for (const row of rows) this.#rows.set(row.what, row);
    this.#configured = configured;
    this.#read();
  }

  all(): readonly AllowedRow[] {
    return [...this.#rows.values()];
  }

  configure(configured: readonly string[]): void {
    this.#configured = configured;
    this.#read();
  }

  set(row: AllowedRow): Change {
    this.#rows.set(row.what, row);
    this.#read();
    return { kind: 'inbound-allowed', row };
  }

  remove(what: string): readonly Change[] {
    if (!this.#rows.delete(what)) return [];
    this.#read();
    return [{ kind: 'inbound-disallowed', what }];
  }

  /** `name`: an address (key), `@domain`, or the address of a client. */
  has(name: string): boolean {
    return name.includes('@') ? this.#names.has(name) : isAmong(name, this.#networks);
  }

  #read(): void {
    const all = [...this.#configured, ...this.#rows.keys()];
    this.#networks = all.flatMap((text) => (text.includes('@') ? [] : (parseNetwork(text) ?? [])));
    this.#names = new Set(all.flatMap((text) => (text.includes('@') ? [text.toLowerCase()] : [])));
  }
}
