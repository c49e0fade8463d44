/**
 * Asks the tables of all connected Postfix servers, with postmap(1), about addresses. A process
 * asks one table about many keys. A table is asked by one process at a time, and all tables by a
 * few; a process that takes too long is ended.
 */
import { domainToUnicode } from 'node:url';
import type { DomainSet, MailPlace } from '../../core/authors/place.ts';
import type { TableKey } from '../../core/authors/table-keys.ts';
import { domainOf } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import { SerialQueue } from '../../lib/serial.ts';
import type { AuthorTables, TableAnswer } from '../../ports/authors.ts';
import type { Log } from '../../ports/world.ts';
import type { MailHomes, TableAsker } from './author-ask.ts';
import { type InstanceTables, readInstanceTables } from './author-facts.ts';
import { filesNow, readWithState } from './files.ts';

/** Processes that run or wait for their turn. */
const processesMax = 64;
/** Keys for one process; an answer is a line. */
const keysMax = 2_000;
/** Types of tables that Postfix asks for complete addresses only (DICT_FLAG_PATTERN). */
const patterns = /^(?:proxy:)?(?:regexp|pcre|cidr|tcp):/;

export type LiveTables = AuthorTables & {
  /** Reads what has changed. Does nothing while it reads already. */
  refresh(): Promise<void>;
};

export function openAuthorTables(of: {
  /** Configuration folders of the connected servers. */
  readonly directories: () => readonly string[];
  readonly ownDomains: DomainSet;
  readonly ask: TableAsker;
  /** Undefined without Dovecot. */
  readonly homes: MailHomes | undefined;
  readonly changed: () => void;
  readonly log: Log;
}): LiveTables {
  const instances = new Map<string, InstanceTables>();
  const seen = new Map<string, string>();
  /** Servers that could not be read, and why. */
  const faults = new Map<string, string>();
  const running = new SerialQueue<string>(processesMax);
  let place = placeOf([], of.ownDomains);
  let reading: Promise<void> | undefined;
  let wasRead = false;
  // A server may be connected at any time, and one that was never read is unknown.
  const isRead = (): boolean => wasRead && of.directories().every((one) => instances.has(one));

  const readOne = async (directory: string): Promise<boolean> => {
    const known = await filesNow(instances.get(directory)?.files ?? [`${directory}/main.cf`]);
    if (seen.get(directory) === known.state) return false;
    try {
      const { found, state } = await readWithState(known, () => readInstanceTables(directory));
      instances.set(directory, found);
      seen.set(directory, state);
      faults.delete(directory);
      return true;
    } catch (fault) {
      // It is read again at the next look: the fault may be one of the machine.
      const why = faultText(fault);
      if (!faults.has(directory)) of.log('warn', 'authors.not-read', { directory, why });
      faults.set(directory, why);
      return false;
    }
  };
  const readAll = async (): Promise<void> => {
    const wanted = of.directories();
    let isNew = false;
    for (const known of new Set([...instances.keys(), ...faults.keys()])) {
      if (wanted.includes(known)) continue;
      isNew = instances.delete(known) || isNew;
      seen.delete(known);
      faults.delete(known);
    }
    for (const directory of wanted) isNew = (await readOne(directory)) || isNew;
    wasRead = true;
    if (!isNew) return;
    place = placeOf([...instances.values()], of.ownDomains);
    of.changed();
  };
  const refresh = (): Promise<void> => {
    reading ??= readAll().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    get place() {
      return place;
    },
    get isRead() {
      return isRead();
    },
    async read(signal) {
      if (isRead()) return;
      await Promise.race([refresh(), aborted(signal)]);
    },
    refresh,
    async find(name, keys, signal) {
      if (name === 'dovecot userdb') {
        return (await of.homes?.(keys, signal)) ?? new Map<string, readonly TableAnswer[]>();
      }
      for (const [directory, why] of faults) {
        // What was known before the fault still counts.
        if (!instances.has(directory)) throw new Error(`${directory} could not be read: ${why}`);
      }
      const all = new Map<string, TableAnswer[]>();
      for (const { configDirectory: directory, tables } of instances.values()) {
        for (const list of tables[name]) {
          // As in Postfix, the first table of a list that has the key answers.
          const open = new Map(keys.map((key) => [key.key, key]));
          for (const table of list) {
            const wanted = [...open.values()].filter((key) => isAskedFor(table, key));
            if (wanted.length === 0) continue;
            const what = { directory, name, table };
            const texts = wanted.map(({ key }) => key);
            for (const [key, value] of await askTable(what, texts, {
              ask: of.ask,
              running,
              signal,
            })) {
              open.delete(key);
              const known = all.get(key);
              if (known === undefined) all.set(key, [{ value, table }]);
              else known.push({ value, table });
            }
          }
        }
      }
      return all;
    },
  };
}

/** What one table answers, by key. */
async function askTable(
  what: Parameters<TableAsker>[0],
  keys: readonly string[],
  how: {
    readonly ask: TableAsker;
    readonly running: SerialQueue<string>;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlyMap<string, string>> {
  const { ask, running, signal } = how;
  const spelled = new Map(keys.flatMap((key) => spellings(key).map((one) => [one, key])));
  const lines = await running.run(`${what.directory}\n${what.table}`, () => {
    signal.throwIfAborted();
    return ask(what, [...spelled.keys()].slice(0, keysMax), signal);
  });
  const found = new Map<string, string>();
  for (const line of lines) {
    const tab = line.indexOf('\t');
    const key = spelled.get(line.slice(0, tab));
    if (tab > 0 && key !== undefined && !found.has(key)) found.set(key, line.slice(tab + 1));
  }
  return found;
}

function isAskedFor(table: string, { isWhole }: TableKey): boolean {
  return isWhole || !patterns.test(table);
}

/** The key, and the key with its domain in U-labels if that is another text. */
function spellings(key: string): readonly string[] {
  const domain = domainOf(key);
  if (!domain.includes('xn--')) return [key];
  const name = domainToUnicode(domain);
  return name === '' || name === domain ? [key] : [key, key.slice(0, -domain.length) + name];
}

function placeOf(all: readonly InstanceTables[], ownDomains: DomainSet): MailPlace {
  const places = all.map(({ place }) => place);
  const any = (sets: readonly DomainSet[]): DomainSet => ({
    has: (domain) => sets.some((set) => set.has(domain)),
  });
  return {
    hostNames: any(places.map(({ hostNames }) => hostNames)),
    localUserDomains: any(places.map(({ localUserDomains }) => localUserDomains)),
    ownDomains,
    origin: places[0]?.origin ?? '',
    delimiters: [...new Set(places.flatMap(({ delimiters }) => [...delimiters]))].join(''),
    masqueraded: places.flatMap(({ masqueraded }) => masqueraded),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Error('Postfix was not read in time'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}
