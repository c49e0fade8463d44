/** Names the process that has the ledger, where a second guard finds the ledger in use. */
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openIdentities } from '../../partners/kernel/identities.ts';
import { lockHolder } from '../../partners/kernel/lock-holder.ts';
import { clock } from '../terminal/table.ts';

/** The error itself, unless the ledger is in use by a process that can be seen. */
export function withLedgerHolder(error: unknown, ledger: string): unknown {
  if (!(error instanceof OperatorError) || error.code !== 'ledger-locked') return error;
  const holder = lockHolder(`${ledger}.lock`);
  if (holder === undefined) return error;
  const { pid, since, uid, unit } = holder;
  const user = openIdentities().user(uid).name || `uid ${uid}`;
  const sudo = [0, uid].includes(process.geteuid?.() ?? 0) ? '' : 'sudo ';
  const end =
    unit === '' ? `${sudo}kill ${pid}` : `${sudo}systemctl stop 'postern*.socket' ${unit}`;
  const who = `process ${pid} of user ${user}, since ${clock(since)}`;
  return new OperatorError('ledger-locked', `ledger ${ledger} is in use by ${who}`, {
    hint: `to end that guard: ${end}; or give this one another folder: --state DIR`,
    exit: sysexits.tempFail,
  });
}
