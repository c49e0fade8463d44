/**
 * Sets back what `postern connect recipients` or `bounces` changed: at an undo, and when a step of
 * the change failed.
 */
import { rm, stat } from 'node:fs/promises';
import { faultText } from '../../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { plain } from '../../terminal/format.ts';
import { checkAndReload, writePostfixFiles } from '../postfix-files.ts';
import type { PostfixFiles } from '../postfix-plan.ts';
import { mayGoOn } from '../question.ts';
import { type ChangeRecord, type ChangeRecords, listName, undone } from './record.ts';

/** One folder of Postfix before this run of a command. */
export type FolderBefore = {
  readonly directory: string;
  readonly files: PostfixFiles;
  /** Undefined: the command has changed nothing here. */
  readonly record: ChangeRecord | undefined;
};
type UndoReport = {
  readonly changed: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
};

/** `done`: what is shown at the end. */
export async function undoChange(
  { directory, files, record }: FolderBefore,
  { records, done }: { readonly records: ChangeRecords; readonly done: string },
  options: { readonly dryRun?: boolean; readonly yes?: boolean; readonly json?: boolean },
  show: (text: string) => void,
): Promise<UndoReport> {
  if (record === undefined) {
    show('This command has changed nothing.\n');
    return { changed: false, diff: '', notes: [] };
  }
  const { main, notes } = undone(files.main, record);
  const path = `${directory}/main.cf`;
  const diff = unifiedDiff(files.main, main, { before: path, after: `${path} (as before)` });
  show(diff);
  for (const note of notes) show(`note: ${plain(note)}\n`);
  for (const file of record.files) show(`remove ${plain(file)}\n`);
  const report = { changed: true, diff, notes };
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  await writePostfixFiles(directory, { main, master: files.master });
  await checkAndReload(directory);
  // A file of another name was never made by these commands.
  const ours = record.files.filter((file) => file.startsWith(`${directory}/${listName}-`));
  for (const file of ours) if ((await stat(file).catch(() => undefined))?.isFile()) await rm(file);
  await records.drop(directory);
  show(done);
  return report;
}

/** After a failed step. `made`: list files that were not there before. Answers with the error. */
export async function setAsBefore(
  { directory, files, record }: FolderBefore,
  { records, made }: { readonly records: ChangeRecords; readonly made: readonly string[] },
  cause: unknown,
): Promise<OperatorError> {
  await writePostfixFiles(directory, files);
  await checkAndReload(directory).catch(() => undefined);
  for (const file of made) await rm(file, { force: true });
  if (record === undefined) await records.drop(directory);
  else await records.keep(directory, record);
  const hint = cause instanceof OperatorError ? cause.hint : undefined;
  return new OperatorError(
    'not-connected',
    `not changed, everything is as before: ${faultText(cause)}`,
    { cause, exit: sysexits.software, ...(hint === undefined ? {} : { hint }) },
  );
}
