/** What the operator is told of a user who leaves too much in the spool. Pure. */
import { spoolBytesMax, spoolFilesMax } from '../../core/scripts/handover-request.ts';
import type { SpoolTrim } from '../../ports/handover.ts';

const megabyte = 1_000_000;

/** Undefined if the user is within the limits. */
export function spoolFullText(
  uid: number,
  name: string,
  { bytes, files }: SpoolTrim,
): string | undefined {
  if (files <= spoolFilesMax && bytes <= spoolBytesMax) return undefined;
  const who = name === '' ? `user id ${uid}` : `user ${name} (id ${uid})`;
  const limits = `${spoolFilesMax} files or ${spoolBytesMax / megabyte} MB`;
  return (
    `${who} has ${files} files (${Math.ceil(bytes / megabyte)} MB) in the spool, more than ` +
    `${limits}: Postern takes the oldest first and removes what is beyond twice as much; mail of ` +
    'other users is not delayed; postern-sendmail never leaves so much, so find the program of ' +
    'this user that writes there'
  );
}
