/** The few fields of a message that the judgement of incoming mail looks at. */
import { headerKey } from '../../../formats/dkim/header-canonical.ts';
import { readableSubject } from '../../../formats/message/header.ts';

/** Octets kept of a field, and Message-IDs of one that it answers. */
const fieldMax = 4_096;
const answersMax = 50;
const idPattern = /<[^<>\s]{1,250}>/g;

export class MessageText {
  #subject: string | undefined;
  readonly #answers = new Set<string>();
  #bytes = 0;

  header(name: string, value: string): void {
    this.#bytes += name.length + value.length + 3;
    switch (headerKey(name)) {
      case 'subject':
        this.#subject ??= value.slice(0, fieldMax);
        break;
      case 'in-reply-to':
      case 'references':
        for (const [id] of value.slice(-fieldMax).matchAll(idPattern)) {
          if (this.#answers.size < answersMax) this.#answers.add(id);
        }
        break;
      default:
    }
  }

  body(octets: number): void {
    this.#bytes += octets;
  }

  get subject(): string {
    return this.#subject === undefined ? '' : readableSubject(utf8(this.#subject));
  }

  /** Message-IDs in In-Reply-To and References, with their brackets. */
  get answers(): readonly string[] {
    return [...this.#answers];
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/** Headers are octets as Latin-1. */
const utf8 = (octets: string): string => Buffer.from(octets, 'latin1').toString('utf8');
