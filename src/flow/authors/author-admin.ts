/** What operators declare about authors, and what the observation suggests. */
import type { Account, LoginDomains } from '../../core/account-name.ts';
import {
  type Declaration,
  type Declarations,
  declaredAccount,
  declaredAddress,
  isDeclaredIn,
  orderDeclarations,
} from '../../core/authors/declaration.ts';
import { type Standing, suggestedPairs } from '../../core/authors/suggest.ts';
import { mayWriteAsCommand } from '../../core/unsigned-text.ts';
import { during, type Millis } from '../../lib/time.ts';
import type {
  AuthorAdmin,
  AuthorLedger,
  AuthorResult,
  AuthorsView,
  MayWriteAsRow,
  ObservationView,
} from '../../ports/authors.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import { detailed } from '../admin/result.ts';
import type { Journal } from '../journal/journal.ts';
import type { Observation } from './observation.ts';

/** Declarations in force. A person decides on fewer; a panel may write many. */
const declarationsMax = 100_000;
/** Accounts in a note. */
const namedMax = 5;
const addressForms =
  'an address, @DOMAIN for all addresses of a domain, @*.DOMAIN for all names below it, or *';
const missing = 'done, but the ledger could not be written yet: a stop before that undoes it';

export type LiveDeclarations = {
  readonly now: () => Declarations<Declaration>;
  readonly admin: AuthorAdmin;
};

export type AuthorAdminDeps = {
  readonly stored: Pick<AuthorLedger, 'mayWriteAs'>;
  readonly journal: Pick<Journal, 'committed'>;
  readonly world: Pick<World, 'clock'>;
  readonly logins: LoginDomains;
  readonly delimiters: () => string;
  readonly observation: Pick<Observation, 'rows' | 'set' | 'view'>;
  /** What the guard holds against accounts since then; asked once for a whole list. */
  readonly standings: (since: Millis) => (account: Account) => Standing;
  readonly isKnown: (account: Account) => boolean;
  readonly iso: (at: Millis) => string;
};

export function openDeclarations(deps: AuthorAdminDeps): LiveDeclarations {
  const kept = new KeptDeclarations(deps);
  return { now: () => kept.now, admin: kept };
}

class KeptDeclarations implements AuthorAdmin {
  readonly #deps: AuthorAdminDeps;
  /** Those that were taken back included. */
  readonly #rows: Map<string, MayWriteAsRow>;
  now: Declarations<Declaration>;

  constructor(deps: AuthorAdminDeps) {
    this.#deps = deps;
    this.#rows = new Map(deps.stored.mayWriteAs().map((row) => [keyOf(row), row]));
    this.now = orderDeclarations(this.#inForce());
  }

  view(): AuthorsView {
    const { observation, standings } = this.#deps;
    const now = observation.view();
    const since = now.from ?? (0 as Millis);
    const seen = observation.rows().filter((row) => !this.isDeclared(row.account, row.address));
    return {
      declarations: this.#inForce(),
      observation: now,
      suggestions: suggestedPairs(seen, standings(since)),
    };
  }

  observation(): ObservationView {
    return this.#deps.observation.view();
  }

  isDeclared(account: Account, address: string): boolean {
    return isDeclaredIn(this.now, account, address, this.#deps.delimiters());
  }

  async declare(
    wanted: readonly Declaration[],
    { isDry, note }: { readonly isDry: boolean; readonly note: string },
    by: string,
  ): Promise<AuthorResult> {
    const pairs = this.#pairsOf(wanted);
    if (typeof pairs === 'string') return { ok: false, text: pairs };
    const fresh = pairs.filter((pair) => this.#found(pair) === undefined);
    if (this.#inForce().length + fresh.length > declarationsMax) {
      return { ok: false, text: `there may be at most ${declarationsMax} declarations` };
    }
    const old = pairs.length - fresh.length;
    const lines = [
      ...fresh.map(({ account, address }) => `${account} may write as ${address}`),
      ...(old === 0 ? [] : [`${old} declared before: unchanged`]),
      ...this.#unseen(fresh),
    ];
    if (isDry) return said(true, [...lines, 'nothing was changed'], fresh.length);
    const at = this.#deps.world.clock.now();
    const changed = fresh.map((pair) => ({ ...pair, note, by, at, removedAt: undefined }));
    const kept = await this.#change(changed, 'may-write-as', by);
    return said(kept, [...lines, ...fresh.map(undoLine)], fresh.length);
  }

  async remove(wanted: readonly Declaration[], by: string): Promise<AuthorResult> {
    const pairs = this.#pairsOf(wanted);
    if (typeof pairs === 'string') return { ok: false, text: pairs };
    const at = this.#deps.world.clock.now();
    const gone = pairs
      .flatMap((pair) => this.#found(pair) ?? [])
      .map((row) => ({ ...row, removedAt: at }));
    if (gone.length === 0) {
      return {
        ok: false,
        text: 'there is no such declaration',
        hint: 'see: postern accounts may-write-as --list',
        isUnknown: true,
      };
    }
    const kept = await this.#change(gone, 'may-not-write-as', by);
    const lines = gone.flatMap((row) => [
      `${row.account} may no longer write as ${row.address} by declaration`,
      `undo: ${mayWriteAsCommand(row)}`,
    ]);
    return said(kept, lines, gone.length);
  }

  async observe(ms: number, by: string): Promise<AuthorResult> {
    const { iso, journal, observation, world } = this.#deps;
    const at = world.clock.now();
    const changes = observation.set(ms);
    const detail = ms === 0 ? 'off' : during(ms);
    const audit = { at, by, action: 'observe-authors', account: '', detail };
    const kept = await journal.committed([...changes, { kind: 'audit', row: audit }]);
    const text =
      ms === 0
        ? 'The observation has ended: a domain’s key signs only for those who may use it.'
        : 'Mail of known accounts that write as others is signed and noted until ' +
          `${iso((at + ms) as Millis)}. See it: postern accounts may-write-as --suggest`;
    return said(kept, [text], 1);
  }

  #inForce(): readonly MayWriteAsRow[] {
    return [...this.#rows.values()].filter(({ removedAt }) => removedAt === undefined);
  }

  #found(pair: Declaration): MayWriteAsRow | undefined {
    const row = this.#rows.get(keyOf(pair));
    return row?.removedAt === undefined ? row : undefined;
  }

  /** A name may be misspelt; then the declaration allows nothing. */
  #unseen(pairs: readonly Declaration[]): readonly string[] {
    const names = pairs
      .map(({ account }) => account)
      .filter((name) => !/^@|^client:|^script:|^local:/.test(name))
      .filter((name) => !this.#deps.isKnown(name as Account));
    const all = [...new Set(names)];
    if (all.length === 0) return [];
    const more = all.length - namedMax;
    const named = `${all.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    return [`note: no mail of ${named} was seen yet; postern accounts list shows the names`];
  }

  /** The pairs as they are stored, each once; or what is wrong with one. */
  #pairsOf(wanted: readonly Declaration[]): readonly Declaration[] | string {
    const pairs = new Map<string, Declaration>();
    for (const one of wanted) {
      const account = declaredAccount(one.account, this.#deps.logins);
      const address = declaredAddress(one.address);
      if ('fault' in account) return `${one.account}: ${account.fault}`;
      if (address === undefined) return `${one.address} is not ${addressForms}`;
      pairs.set(keyOf({ account: account.account, address }), { ...account, address });
    }
    return [...pairs.values()];
  }

  #change(
    changed: readonly MayWriteAsRow[],
    action: 'may-write-as' | 'may-not-write-as',
    by: string,
  ): Promise<boolean> {
    const at = this.#deps.world.clock.now();
    for (const row of changed) this.#rows.set(keyOf(row), row);
    this.now = orderDeclarations(this.#inForce());
    return this.#deps.journal.committed(
      changed.flatMap(({ account, address, ...row }): Change[] => {
        const detail = detailed(address, row.note);
        return [
          { kind: 'may-write-as', row: { account, address, ...row } },
          { kind: 'audit', row: { at, by, action, account, detail } },
        ];
      }),
    );
  }
}

function undoLine(pair: Declaration): string {
  return `undo: ${mayWriteAsCommand(pair)} --remove`;
}

function said(kept: boolean, lines: readonly string[], count: number): AuthorResult {
  const text = lines.join('\n');
  return kept ? { ok: true, text, count } : { ok: false, text: `${text}\n${missing}` };
}

const keyOf = ({ account, address }: Declaration): string => `${account}\0${address}`;
