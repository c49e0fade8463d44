/** The private keys that sign now, opened, so that no message waits for a file. */
import { type DkimKey, keyName } from '../../core/signing/key.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { faultText } from '../../lib/error-text.ts';
import type { KeyFiles } from '../../ports/keys.ts';
import type { World } from '../../ports/world.ts';

type Deps = { readonly files: KeyFiles; readonly world: Pick<World, 'log'> };
type BySelector = ReadonlyMap<string, SigningKey>;

const none: BySelector = new Map();

export class OpenedKeys {
  readonly #deps: Deps;
  #signing: ReadonlyMap<string, readonly SigningKey[]> = new Map();
  /** Probation keys, by domain. */
  #own: ReadonlyMap<string, BySelector> = new Map();
  /** Why a key that should sign cannot, by keyName. */
  #faults: ReadonlyMap<string, string> = new Map();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** The keys that sign for the whole domain. */
  of(domain: string): readonly SigningKey[] {
    return this.#signing.get(domain) ?? [];
  }

  /** The probation keys of the domain. */
  own(domain: string): BySelector {
    return this.#own.get(domain) ?? none;
  }

  fault(key: DkimKey): string {
    return this.#faults.get(keyName(key)) ?? '';
  }

  /** Opens those that sign. `again`: also reads files of probation keys that are open already. */
  open(keys: readonly DkimKey[], how: { readonly again: boolean }): void {
    const signing = new Map<string, SigningKey[]>();
    const own = new Map<string, Map<string, SigningKey>>();
    const faults = new Map<string, string>();
    for (const key of keys) {
      if (key.state !== 'signing') continue;
      const { domain, selector } = key;
      try {
        if (key.use === undefined) {
          signing.set(domain, [...(signing.get(domain) ?? []), this.#deps.files.open(key)]);
          continue;
        }
        // They may be a thousand, and this runs at each change of any key.
        const there = how.again ? undefined : this.own(domain).get(selector);
        const opened = there ?? this.#deps.files.open(key);
        own.set(domain, (own.get(domain) ?? new Map()).set(selector, opened));
      } catch (error) {
        faults.set(keyName(key), this.#told(key, faultText(error)));
      }
    }
    this.#signing = signing;
    this.#own = own;
    this.#faults = faults;
  }

  #told(key: DkimKey, why: string): string {
    if (this.fault(key) !== why) {
      this.#deps.world.log('error', 'dkim.key-unusable', { key: keyName(key), why });
    }
    return why;
  }
}
