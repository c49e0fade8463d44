/**
 * Signs a message that leaves, while it is read: its headers and body go through a signer, and the
 * answer carries the signatures. Only mail of a login, a relaying client or this machine is signed,
 * never mail that only passes through.
 *
 * If anything fails, the mail goes on unsigned. It is counted by reason, and faults are logged.
 */
import { type Choice, chooseKeys, type SigningRules } from '../../core/signing/choose.ts';
import { openSigner, type Signer } from '../../formats/dkim/sign.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { minuteMs } from '../../lib/time.ts';
import type {
  EditSource,
  Finished,
  MessageAuthors,
  MessageReader,
  MessageStart,
} from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';

/** As the operator set it; a reload changes it in place. */
export type SigningSettings = {
  readonly enabled: boolean;
  readonly rules: SigningRules;
  /** What becomes of mail whose account may not write as its author. */
  readonly foreign: 'unsigned' | 'hold';
  /** The mail server breaks longer lines than this when it sends them. 0: it does not. */
  readonly lineLengthLimit: number;
};

/** The keys that may sign for a domain now. Asked once for each message: never waits, no files. */
export type KeySource = (domain: string) => readonly SigningKey[];

export type SigningDeps = {
  readonly settings: SigningSettings;
  readonly keys: KeySource;
  readonly world: World;
  /** A message of this author's domain goes out; `signedBy` empty: unsigned. */
  readonly sent: (author: string, signedBy: string) => void;
};

/** Octets of header kept until it is known who signs: ten times Postfix's limit for one field. */
const headerOctetsMax = 1_024_000;
/**
 * Signatures go right below the mail server's own Received field, which no earlier filter has seen
 * and no signature covers.
 */
const signatureIndex = 1;
/** A key that cannot sign is logged this often: not with every message. */
const faultEveryMs = minuteMs;

export function openSigning(deps: SigningDeps): EditSource {
  const faults = openFaults(deps.world);
  return {
    phase: 'after-judgement',
    open(start, authors) {
      const { enabled } = deps.settings;
      if (start.by === undefined || authors === undefined || !enabled) return undefined;
      return new SigningReader(deps, faults, start, authors);
    },
  };
}

class SigningReader implements MessageReader {
  readonly #deps: SigningDeps;
  readonly #faults: Faults;
  readonly #start: MessageStart;
  readonly #authors: MessageAuthors;
  /** Names and values in turn, kept until it is known whether a key signs: hashing costs most. */
  #header: string[] = [];
  #octets = 0;
  #choice: Choice<SigningKey> | undefined;
  #signer: Signer | undefined;

  constructor(deps: SigningDeps, faults: Faults, start: MessageStart, authors: MessageAuthors) {
    this.#deps = deps;
    this.#faults = faults;
    this.#start = start;
    this.#authors = authors;
  }

  header(name: string, value: string): void {
    this.#octets += name.length + value.length;
    if (this.#octets <= headerOctetsMax) this.#header.push(name, value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#chosen();
    this.#signer?.body(bytes, start, end);
  }

  finish(done: Finished): void {
    const choice = allowed(this.#chosen(), this.#authors.denied);
    if (choice.kind === 'unsigned') {
      this.#end(choice, choice.why);
      done([]);
      return;
    }
    if (this.#signer === undefined) {
      this.#failed(choice.domain, new Error(`its header has ${this.#octets} octets`));
      this.#end(choice, 'failed');
      done([]);
      return;
    }
    const request = { keys: choice.keys, now: this.#deps.world.clock.now() };
    this.#signer.sign(request, (fault, fields) => {
      if (fault !== undefined) this.#failed(choice.domain, fault);
      this.#end(choice, fault === undefined ? 'signed' : 'failed');
      done(
        fields.map(({ name, value }) => ({ kind: 'insert', index: signatureIndex, name, value })),
      );
    });
  }

  /** Which keys sign if the account may write as the authors. All headers are here. */
  #chosen(): Choice<SigningKey> {
    if (this.#choice !== undefined) return this.#choice;
    this.#choice = this.#choose();
    if (this.#choice.kind === 'sign' && this.#octets <= headerOctetsMax) {
      const { lineLengthLimit } = this.#deps.settings;
      const signer = openSigner({ lineLengthLimit });
      for (let at = 0; at < this.#header.length; at += 2) {
        signer.header(this.#header[at] ?? '', this.#header[at + 1] ?? '');
      }
      this.#signer = signer;
    }
    this.#header = [];
    return this.#choice;
  }

  #failed(domain: string, fault: Error): void {
    this.#faults(domain, this.#start.queueId, fault);
  }

  #choose(): Choice<SigningKey> {
    // RFC 6376 section 5.4: the From field must be signed, so mail without one cannot be.
    if (!this.#authors.hasFrom) return { kind: 'unsigned', author: '', why: 'no-from' };
    const domains = this.#authors.shown.authors.map(({ domain }) => domain);
    return chooseKeys(domains, this.#deps.settings.rules, this.#deps.keys);
  }

  #end(choice: Choice<SigningKey>, result: string): void {
    const { sent } = this.#deps;
    const { count, log } = this.#deps.world;
    count('postern_signing_total', 1, result);
    const domain = choice.kind === 'sign' ? choice.domain : '';
    const id = this.#start.queueId;
    log('debug', 'message.signing', { id, from: choice.author, domain, result });
    if (choice.author !== '') sent(choice.author, result === 'signed' ? domain : '');
  }
}

/** The choice, unless the account may not write as every author. */
function allowed(choice: Choice<SigningKey>, denied: MessageAuthors['denied']): Choice<SigningKey> {
  if (choice.kind === 'unsigned' || denied === undefined) return choice;
  return { kind: 'unsigned', author: choice.author, why: denied };
}

type Faults = (domain: string, id: string, fault: Error) => void;

/**
 * Logs a fault once a minute for each domain. Only domains with keys come here, so they are few.
 */
function openFaults({ clock, log }: World): Faults {
  const told = new Map<string, { at: number; leftOut: number }>();
  return (domain, id, fault) => {
    const last = told.get(domain);
    const now = clock.now();
    if (last !== undefined && Math.abs(now - last.at) < faultEveryMs) {
      last.leftOut++;
      return;
    }
    const leftOut = last === undefined ? 0 : last.leftOut;
    told.set(domain, { at: now, leftOut: 0 });
    log('error', 'signing.failed', { id, domain, why: fault.message, leftOut });
  };
}
