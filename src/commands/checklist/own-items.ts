/** Runs the items of the operator's own, as the user of the guard. */
import { statSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import { ownItem } from '../../core/checklist/items/own.ts';
import { faultText } from '../../lib/error-text.ts';
import { runOwnItems } from '../../partners/own-items.ts';
import { otherOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';

export async function ownItems(
  { items }: Config['checklist'],
  state: string | undefined,
): Promise<readonly ChecklistItem[]> {
  if (items.length === 0) return [];
  try {
    const folder = stateDirectory(state);
    const owner = otherOwnerOf(folder);
    if (isStranger(folder)) {
      const why = 'not run: only root and the user of the guard may run such programs';
      return items.map((item) => ownItem(item, { kind: 'not run', why }));
    }
    const ends = await runOwnItems(
      items.map(({ command }) => command),
      owner,
    );
    return items.flatMap((item, nth) => {
      const end = ends[nth];
      return end === undefined ? [] : [ownItem(item, end)];
    });
  } catch (error) {
    const why = `not run: ${faultText(error)}`;
    return items.map((item) => ownItem(item, { kind: 'not run', why }));
  }
}

/** True for a user who is neither root nor the owner of the state folder. */
function isStranger(folder: string): boolean {
  const user = process.geteuid?.() ?? 0;
  const found = statSync(folder, { throwIfNoEntry: false });
  return user !== 0 && found !== undefined && found.uid !== user;
}
