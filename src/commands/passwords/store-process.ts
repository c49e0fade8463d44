/**
 * Keeps the findings of audits as the user who owns the state folder, for a command that must stay
 * root. Arguments: the folder, and the default domain.
 */
import type { PasswordReport } from '../../core/passwords/audit-report.ts';
import { answerRoot } from '../guard/owner-process.ts';
import { openPasswordStore } from './store.ts';

export type StoreQuestion = { readonly note?: Partial<PasswordReport> };

const [state = '', defaultDomain = ''] = process.argv.slice(2);
const store = await openPasswordStore(state, defaultDomain).catch((error: unknown) => error);
await answerRoot(async (question) => {
  if (store instanceof Error) throw store;
  const { note } = question as StoreQuestion;
  const { read, note: noted } = store as Awaited<ReturnType<typeof openPasswordStore>>;
  return note === undefined ? await read() : await noted(note);
});
