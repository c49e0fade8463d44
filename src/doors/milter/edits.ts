/**
 * Writes changes to the headers of a message as packets, which are sent between the end of the
 * message and the final answer. An edit that a mail server could read as another header than the
 * one that was meant is not sent.
 */

import { packet, reply } from '../../formats/milter/packet.ts';
import type { HeaderEdit } from '../../ports/message.ts';

/** RFC 5322 section 3.6.8, less the colon. */
const fieldName = /^[!-9;-~]{1,200}$/;
/** Matches what ends the string early, ends a line without folding it, or leaves a line empty. */
const brokenValue = /[\0\r]|\n(?![\t ])|\n[\t ]*(?:\n|$)/;
/** Characters of a value. Sendmail takes packets of 64 KB; useful headers are far shorter. */
const valueLengthMax = 60_000;

export type EditPackets = {
  readonly packets: readonly Buffer[];
  /** Edits that were left out because they are not valid headers: a mistake of ours. */
  readonly refused: number;
};

/** `spaceSent`: header values are exchanged with the space in front of them. */
export function editPackets(
  edits: readonly HeaderEdit[],
  how: { readonly spaceSent: boolean },
): EditPackets {
  const valid = edits.filter(isValid);
  const packets: Buffer[] = [];
  // Removals come first, from the last up: Postfix counts anew after each, Sendmail does not.
  const removals = valid
    .filter((edit) => edit.kind === 'remove')
    .sort((a, b) => b.occurrence - a.occurrence);
  for (const { name, occurrence } of removals) {
    packets.push(numbered(reply.changeHeader, occurrence, `${name}\0\0`));
  }
  for (const edit of valid) {
    if (edit.kind !== 'insert') continue;
    const bare = !how.spaceSent && edit.value.startsWith(' ');
    const value = bare ? edit.value.slice(1) : edit.value;
    packets.push(numbered(reply.insertHeader, edit.index, `${edit.name}\0${value}\0`));
  }
  return { packets, refused: edits.length - valid.length };
}

function isValid(edit: HeaderEdit): boolean {
  if (!fieldName.test(edit.name)) return false;
  if (edit.kind === 'remove') return Number.isInteger(edit.occurrence) && edit.occurrence > 0;
  const { index, value } = edit;
  return (
    Number.isInteger(index) &&
    index >= 0 &&
    value.length <= valueLengthMax &&
    !brokenValue.test(value)
  );
}

function numbered(code: number, number: number, text: string): Buffer {
  const data = Buffer.allocUnsafe(4 + text.length);
  data.writeUInt32BE(number >>> 0, 0);
  data.write(text, 4, 'latin1');
  return packet(code, data);
}
