/**
 * The last rows that this run handed to the journal. While pages of the ledger are damaged, they
 * take the place of what cannot be written or read: a suspension then still finds the mail that it
 * must hold, and a notice is sent until it is taken.
 */
import { RecentMap } from '../../lib/recent-map.ts';
import type { Change } from '../../ports/ledger.ts';

type Kept = Extract<Change, { readonly kind: 'message' | 'held' | 'incident' | 'notice' }>;
export type KeptKind = Kept['kind'];
export type KeptRow<Kind extends KeptKind> = Extract<Kept, { readonly kind: Kind }>['row'];

/**
 * Rows of each kind, and up to twice as many. Messages: what passes in some minutes on a large
 * server, some 5 MB.
 */
const messagesMax = 5_000;
const othersMax = 2_000;

export class RecentRows {
  readonly #rows = {
    message: new RecentMap<string, KeptRow<'message'>>(messagesMax),
    held: new RecentMap<string, KeptRow<'held'>>(othersMax),
    incident: new RecentMap<string, KeptRow<'incident'>>(othersMax),
    notice: new RecentMap<string, KeptRow<'notice'>>(othersMax),
  };

  note(change: Change): void {
    switch (change.kind) {
      case 'message':
        this.#rows.message.set(change.row.queueId, change.row);
        break;
      case 'held':
        this.#rows.held.set(change.row.queueId, change.row);
        break;
      case 'incident':
        this.#rows.incident.set(change.row.id, change.row);
        break;
      case 'notice':
        this.#rows.notice.set(noticeKey(change.row), change.row);
        break;
      default:
    }
  }

  get<Kind extends KeptKind>(kind: Kind, key: string): KeptRow<Kind> | undefined {
    return this.#map(kind).get(key);
  }

  /** Oldest change first. */
  all<Kind extends KeptKind>(kind: Kind): Iterable<readonly [string, KeptRow<Kind>]> {
    return this.#map(kind).entries();
  }

  #map<Kind extends KeptKind>(kind: Kind): RecentMap<string, KeptRow<Kind>> {
    return this.#rows[kind] as unknown as RecentMap<string, KeptRow<Kind>>;
  }
}

export function noticeKey({ channel, id }: KeptRow<'notice'>): string {
  return `${channel} ${id}`;
}
