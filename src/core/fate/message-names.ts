/** Messages by their Message-ID. Anybody may choose one, so several messages may have the same. */
import { RecentMap } from '../../lib/recent-map.ts';
import { type JoinedMail, lastAt, renamedMs } from './joined-mail.ts';

/** Message-IDs that are remembered, and messages of each. */
const namesMax = 20_000;
const copiesMax = 50;
/** Messages without a Message-ID that are looked at. */
const namelessMax = 50;

export class MessageNames {
  /** The latest. */
  readonly #nameless: JoinedMail[] = [];
  readonly #byName = new RecentMap<string, readonly JoinedMail[]>(namesMax);

  /** Returns the messages that had the name before. */
  add(mail: JoinedMail): readonly JoinedMail[] {
    const before = this.#byName.get(mail.messageId);
    const all = before === undefined ? [mail] : [...before, mail].slice(-copiesMax);
    this.#byName.set(mail.messageId, all);
    return before ?? none;
  }

  /** A message without a Message-ID that may have come back. */
  addNameless(mail: JoinedMail): void {
    this.#nameless.push(mail);
    if (this.#nameless.length > namelessMax) this.#nameless.shift();
  }

  /** Of `unsure`, those that may be the message, come back from a filter. */
  unsure({ messageId }: JoinedMail, unsure: ReadonlySet<JoinedMail>): readonly JoinedMail[] {
    if (unsure.size === 0) return none;
    const copies = messageId === '' ? none : (this.#byName.get(messageId) ?? none);
    const named = copies.filter((mail) => unsure.has(mail));
    if (named.length > 0) return named;
    return this.#nameless.filter((mail) => unsure.has(mail));
  }
}

const none: readonly JoinedMail[] = [];

/** Whether `mail` may be `one`, come back from a filter. */
export function mayReturn(one: JoinedMail, mail: JoinedMail): boolean {
  return one !== mail && one.state !== 'twice' && mail.at - lastAt(one) < renamedMs;
}
