/**
 * Signs a message that leaves, while it is read: its headers and body go through a signer, and the
 * answer carries the signatures. Only mail of a login, a relaying client or this machine is signed,
 * never mail that only passes through.
 *
 * If anything fails, the mail goes on unsigned. It is counted by reason, and faults are logged.
 */
import { UnsubscribeFields, type UnsubscribeOffer } from '../../core/lanes/one-click.ts';
import type { Choice, SigningRules } from '../../core/signing/choose.ts';
import { openSigner, type Signer } from '../../formats/dkim/sign.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { minuteMs } from '../../lib/time.ts';
import type {
  EditSource,
  Finished,
  JudgedAs,
  MessageAuthors,
  MessageReader,
  MessageStart,
} from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { OwnSigning, Probation } from './probation.ts';

/** As the operator set it; a reload changes it in place. */
export type SigningSettings = {
  readonly enabled: boolean;
  readonly rules: SigningRules;
  /** What becomes of mail whose account may not write as its author. */
  readonly foreign: 'unsigned' | 'hold';
  /** The mail server breaks longer lines than this when it sends them. 0: it does not. */
  readonly lineLengthLimit: number;
};

/** The keys that may sign for a domain now. Asked for each message: never waits, no files. */
export type KeySource = (domain: string) => readonly SigningKey[];

export type SigningDeps = {
  readonly settings: SigningSettings;
  /** Keys of single accounts. Without: the keys of the domain sign all mail. */
  readonly probation?: Pick<Probation, 'of'>;
  readonly world: World;
  /** A message of this author's domain goes out; `signedBy` empty: unsigned. */
  readonly sent: (author: string, signedBy: string, offer: UnsubscribeOffer) => void;
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
  readonly #unsubscribe = new UnsubscribeFields();
  #octets = 0;
  #isBegun = false;
  #signer: Signer | undefined;

  constructor(deps: SigningDeps, faults: Faults, start: MessageStart, authors: MessageAuthors) {
    this.#deps = deps;
    this.#faults = faults;
    this.#start = start;
    this.#authors = authors;
  }

  header(name: string, value: string): void {
    this.#octets += name.length + value.length;
    this.#unsubscribe.header(name, value);
    if (this.#octets <= headerOctetsMax) this.#header.push(name, value);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#begin();
    this.#signer?.body(bytes, start, end);
  }

  finish(done: Finished, judged?: JudgedAs): void {
    this.#begin();
    const choice = allowed(this.#authors.choice, this.#authors.denied);
    if (choice.kind === 'unsigned') {
      this.#end(choice, choice.why);
      done([]);
      return;
    }
    const signer = this.#signer;
    if (signer === undefined) {
      this.#failed(choice.domain, new Error(`its header has ${this.#octets} octets`));
      this.#end(choice, 'failed');
      done([]);
      return;
    }
    const { probation } = this.#deps;
    if (probation === undefined || judged === undefined) {
      this.#sign(signer, choice, undefined, done);
      return;
    }
    probation.of(judged.account, choice.domain, (own) => {
      // Held mail may be released weeks later, when a signature would have expired.
      const open = own && judged.isHeld ? { ...own, expiresInSeconds: undefined } : own;
      this.#sign(signer, choice, open, done);
    });
  }

  #sign(
    signer: Signer,
    choice: Extract<Choice<SigningKey>, { kind: 'sign' }>,
    own: OwnSigning | undefined,
    done: Finished,
  ): void {
    const request = { keys: choice.keys, ...own, now: this.#deps.world.clock.now() };
    signer.sign(request, (fault, fields) => {
      if (fault !== undefined) this.#failed(choice.domain, fault);
      this.#end(choice, fault === undefined ? 'signed' : 'failed');
      done(
        fields.map(({ name, value }) => ({ kind: 'insert', index: signatureIndex, name, value })),
      );
    });
  }

  /** All headers are here: opens the signer, if a key may sign. */
  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    if (this.#authors.choice.kind === 'sign' && this.#octets <= headerOctetsMax) {
      const { lineLengthLimit } = this.#deps.settings;
      const signer = openSigner({ lineLengthLimit });
      for (let at = 0; at < this.#header.length; at += 2) {
        signer.header(this.#header[at] ?? '', this.#header[at + 1] ?? '');
      }
      this.#signer = signer;
    }
    this.#header = [];
  }

  #failed(domain: string, fault: Error): void {
    this.#faults(domain, this.#start.queueId, fault);
  }

  #end(choice: Choice<SigningKey>, result: string): void {
    const { sent } = this.#deps;
    const { count, log } = this.#deps.world;
    count('postern_signing_total', 1, result);
    const domain = choice.kind === 'sign' ? choice.domain : '';
    const id = this.#start.queueId;
    log('debug', 'message.signing', { id, from: choice.author, domain, result });
    if (choice.author === '') return;
    const isSigned = result === 'signed';
    sent(choice.author, isSigned ? domain : '', this.#unsubscribe.offer(isSigned));
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
