/** The way of a message with only a gate and readers: no register of scripts, no statistics. */
import { type MessageAuthorsDeps, openAuthors } from '../../src/flow/authors/message-authors.ts';
import { openMessagePath } from '../../src/flow/message-path.ts';
import type {
  Answer,
  AuthorsSource,
  Gate,
  MessagePath,
  ReaderSource,
} from '../../src/ports/message.ts';

const passes: Answer = { kind: 'pass' };

/** A gate that lets everything pass. */
export const acceptAll: Gate = {
  mayBegin: () => passes,
  submit: (_message, _by, answer) => answer(passes),
};

/** Reads no authors: nothing is signed. */
export const noAuthors: AuthorsSource = { open: () => undefined };

/** Every account may write as everybody. */
export function anyAuthor({
  settings,
  keys,
}: Pick<MessageAuthorsDeps, 'settings' | 'keys'>): AuthorsSource {
  return openAuthors({
    settings,
    keys,
    rights: {
      ask: (_account, addresses, done) =>
        done(addresses.map(() => ({ kind: 'declared', source: 'test' }))),
    },
    foreign: () => {},
    count: () => {},
  });
}

export function plainPath(
  gate: Gate,
  readers: readonly ReaderSource[] = [],
  authors: AuthorsSource = noAuthors,
): MessagePath {
  return openMessagePath({
    returns: { isReturned: (_message, answer) => answer(false) },
    readers,
    authors,
    gate,
    webmail: { known: (message, _by, go) => go(message) },
    direct: { known: (message, _by, go) => go(message) },
    scripts: { judge: (message) => message, answered: () => {} },
    reservations: { counted: () => {} },
    statistics: { seen: () => {} },
    fates: { judged: () => undefined },
    notes: { cameIn: () => {}, judged: () => {} },
    wrote: () => {},
    stopwatch: () => 0,
    observe: () => {},
  });
}
