/** Key files and a zone that do as a test tells them, without a disk or a name server. */
import { keyName, type SightKind } from '../../src/core/signing/key.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import type { AdminResult, KeyAdmin } from '../../src/ports/admin.ts';
import type { KeyFacts, KeyFiles, KeyZone } from '../../src/ports/keys.ts';

/** An admin without keys. */
export const noKeys: KeyAdmin = {
  folder: '/nowhere',
  list: () => [],
  make: async () => ({ ok: false, text: 'no keys here' }),
  rotate: async () => ({ ok: false, text: 'no keys here' }),
  retire: async () => ({ ok: false, text: 'no keys here' }),
  use: async () => ({ ok: false, text: 'no keys here' }),
  adopt: async () => ({ ok: false, text: 'no keys here' }),
};

/** An admin that says yes to everything, and notes what it was asked. */
export function agreeableKeys(calls: string[]): KeyAdmin {
  const yes = async (call: string, count = 1): Promise<AdminResult> => {
    calls.push(call);
    return { ok: true, text: 'done', count };
  };
  return {
    folder: '/var/lib/postern/keys',
    list: () => [],
    make: ({ domain, algorithms, selector = 'any', bits }, by) =>
      yes(`make ${domain} ${algorithms.join('+')} ${selector} ${bits} by ${by}`),
    rotate: (domain, by) => yes(`rotate ${domain} by ${by}`),
    retire: ({ domain, selector }, { compromised }, by) =>
      yes(`retire ${selector} of ${domain} ${compromised ? 'compromised' : 'old'} by ${by}`),
    use: ({ domain, selector }, note, by) => yes(`use ${selector} of ${domain} ${note} by ${by}`),
    adopt: (keys, note, by) =>
      yes(`adopt ${keys.map((key) => `${key.selector} of ${key.domain}`).join()} ${note} by ${by}`),
  };
}

export class ScriptedKeyFiles implements KeyFiles {
  readonly folder = '/keys';
  readonly files: Map<string, KeyFacts> = new Map();
  full = false;
  /** Files that nobody may use now. */
  readonly broken: Set<string> = new Set();
  /** Files that cannot be deleted now. */
  readonly stuck: Set<string> = new Set();
  #made = 0;

  async make(key: Parameters<KeyFiles['make']>[0]): Promise<KeyFacts> {
    if (this.full) throw new OperatorError('key-file', 'the disk is full');
    this.#made += 1;
    const file = `${key.domain}/${key.selector}.pem`;
    const facts = { algorithm: key.algorithm, bits: key.bits, publicKey: `P${this.#made}`, file };
    this.files.set(file, facts);
    return facts;
  }

  facts(key: Parameters<KeyFiles['facts']>[0]): KeyFacts {
    const facts = this.files.get(`${key.domain}/${key.selector}.pem`);
    if (facts === undefined) throw new OperatorError('key-file', 'is not there');
    return facts;
  }

  open({
    domain,
    selector,
    algorithm,
    file,
  }: Parameters<KeyFiles['open']>[0]): ReturnType<KeyFiles['open']> {
    if (this.broken.has(file) || !this.files.has(file)) {
      throw new OperatorError('key-file', `the key ${file} is not there`);
    }
    return { domain, selector, algorithm, sign: (data, done) => done(undefined, data) };
  }

  delete(key: Parameters<KeyFiles['delete']>[0]): void {
    if (this.stuck.has(key.file)) {
      throw new OperatorError('key-file', `the key ${key.file} cannot be deleted`);
    }
    this.files.delete(key.file);
  }
}

export class ScriptedKeyZone implements KeyZone {
  /** What each name shows; what is not here shows nothing. */
  readonly shown: Map<string, SightKind> = new Map();
  readonly sent: string[] = [];
  readonly looked: string[] = [];
  updates = true;
  refuses = false;
  silent = false;
  /** What is sent is shown at once. */
  quick = true;
  /** Looks that begin now take until then. They find what was there when they began. */
  wait: Promise<void> = Promise.resolve();
  /** And updates that begin now. */
  sendWait: Promise<void> = Promise.resolve();

  async look(key: Parameters<KeyZone['look']>[0]): ReturnType<KeyZone['look']> {
    const name = keyName(key);
    this.looked.push(name);
    const kind = this.silent ? 'unknown' : (this.shown.get(name) ?? 'nowhere');
    await this.wait;
    return { kind, cachedMs: 0, text: kind === 'everywhere' ? '' : `ns: ${kind}` };
  }

  ttlOf(): number {
    return 3_600;
  }

  canSend(): boolean {
    return this.updates;
  }

  async send(
    key: Parameters<KeyZone['look']>[0],
    record: Parameters<KeyZone['send']>[1],
  ): Promise<void> {
    if (this.refuses) throw new OperatorError('nsupdate', 'REFUSED');
    const name = keyName(key);
    this.sent.push(`${record} ${key.selector}`);
    await this.sendWait;
    if (!this.quick) return;
    if (record === 'nothing') this.shown.delete(name);
    else this.shown.set(name, record === 'key' ? 'everywhere' : 'revoked');
  }
}
