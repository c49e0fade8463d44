/** Sends the addresses of an import to the guard, in parts. */
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import type { ImportResult } from '../../../ports/imports/imports.ts';
import { accountPath, connectToGuard, type GuardClient } from '../../guard/client.ts';

/** Addresses in one request. The guard takes 500, and 64 KiB. */
const perPart = 500;
const partBytes = 48 * 1024;

export type SentAccount = {
  readonly account: string;
  /** Addresses that were found for it. */
  readonly addresses: number;
  readonly added: number;
  readonly known: number;
  readonly cut: number;
};

export type Sent = {
  /** 0 with a dry run, and if nothing was sent. */
  readonly id: number;
  readonly accounts: readonly SentAccount[];
  /** Accounts that were never seen here, and that were not meant. */
  readonly neverSeen: readonly string[];
};

type Done = Extract<ImportResult, { readonly ok: true }>;

export async function sendParts(
  state: string | undefined,
  contacts: ReadonlyMap<string, readonly string[]>,
  how: {
    readonly source: string;
    readonly note: string;
    readonly unknown: boolean;
    readonly dryRun: boolean;
  },
): Promise<Sent> {
  const guard = await connectToGuard(state);
  const accounts: SentAccount[] = [];
  const neverSeen: string[] = [];
  let id = 0;
  for (const [account, addresses] of contacts) {
    const sent = { account, addresses: addresses.length, added: 0, known: 0, cut: 0 };
    let isUnknown = false;
    for (const part of partsOf(addresses)) {
      const body = { ...how, addresses: part, ...(id === 0 ? {} : { id }) };
      const done = await sendPart(guard, account, body, id);
      if (done === undefined) {
        isUnknown = true;
        break;
      }
      if (done.id !== 0) id = done.id;
      sent.added += done.added;
      sent.known += done.known;
      sent.cut += done.cut;
    }
    if (isUnknown) neverSeen.push(account);
    else accounts.push(sent);
  }
  return { id, accounts, neverSeen };
}

/** Undefined: the account was never seen. */
async function sendPart(
  guard: GuardClient,
  account: string,
  body: Readonly<Record<string, unknown>>,
  id: number,
): Promise<Done | undefined> {
  try {
    return (await guard.act(accountPath(account, 'import'), body)) as Done;
  } catch (cause) {
    const isUnknown = cause instanceof OperatorError && cause.exit === sysexits.noUser;
    if (isUnknown && body['unknown'] !== true) return undefined;
    if (id === 0 || !(cause instanceof OperatorError)) throw cause;
    throw new OperatorError(cause.code, `import ${id} is not complete: ${cause.message}`, {
      cause,
      hint: `to take back what was imported: postern accounts import --undo ${id}`,
      exit: cause.exit,
    });
  }
}

function* partsOf(addresses: readonly string[]): Generator<readonly string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const address of addresses) {
    const length = Buffer.byteLength(JSON.stringify(address)) + 1;
    if (part.length > 0 && (part.length >= perPart || bytes + length > partBytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(address);
    bytes += length;
  }
  if (part.length > 0) yield part;
}
