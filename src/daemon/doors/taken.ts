/** Tells who holds an address where a door cannot open. */
import type { SocketAddress } from '../../lib/listener.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import { type Holder, holderOf } from '../../partners/kernel/listening.ts';

/** Whether another program listens at the address. */
export function isTaken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'EADDRINUSE') return true;
  }
  return false;
}

/** The error with the user that holds the address; the same error if nobody can tell. */
export async function withHolder(
  cause: unknown,
  where: SocketAddress,
  address: string,
): Promise<unknown> {
  const holder = await holderOf(where);
  if (holder === undefined) return cause;
  const place = address.replace(/^(?:inet|unix):/i, '');
  return new OperatorError('listen', `cannot listen on ${place}: ${holderText(holder)} holds it`, {
    cause,
    hint: 'end that program; `postern doctor` as root names it',
    exit: sysexits.unavailable,
  });
}

function holderText({ pid, uid }: Holder): string {
  const { name } = openIdentities().user(uid);
  const user = name === '' ? `user ${uid}` : `user ${uid} (${name})`;
  return pid === undefined ? user : `process ${pid} of ${user}`;
}
