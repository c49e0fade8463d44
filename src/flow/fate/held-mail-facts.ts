/** Held messages with what a person recognises them by: address, subject, first recipients. */
import type { HeldView } from '../../ports/asking.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import { type AskingDeps, fateView, foundOrWhy } from './found-view.ts';

/** Accounts whose day files are read for one list, and messages of each. */
const accountsMax = 10;
const mailMax = 500;

/** From the ledger alone: mail that was pulled back from the queue has no subject there. */
function heldView(row: HeldRow, live: Pick<AskingDeps['live'], 'message' | 'story'>): HeldView {
  const story = live.story(row.queueId);
  if (story?.account === row.account) {
    const { client, sample, subject } = story;
    return { ...row, client, subject, sample };
  }
  const message = live.message(row.queueId);
  const client = message?.account === row.account ? message.client : '';
  return { ...row, client, subject: '', sample: [] };
}

/** Also from the day files, which know what was pulled back from the queue. */
export async function heldViews(
  deps: AskingDeps,
  rows: readonly HeldRow[],
): Promise<readonly HeldView[]> {
  const views = rows.map((row) => heldView(row, deps.live));
  const lacking = views.filter(({ sample, subject }) => subject === '' && sample.length === 0);
  const accounts = [...new Set(lacking.map(({ account }) => account))].slice(0, accountsMax);
  const kept = new Map<string, Pick<HeldView, 'client' | 'sample' | 'subject'>>();
  for (const account of accounts) {
    const { found } = await foundOrWhy(deps, { account, limit: mailMax });
    for (const one of found) {
      const { client, id, otherIds, recipients, subject } = fateView(one, deps).message;
      const facts = { client, subject, sample: recipients.slice(0, sampleMax) };
      for (const queueId of [id, ...otherIds]) kept.set(`${account} ${queueId}`, facts);
    }
  }
  return views.map((view) => {
    const more = lacking.includes(view) ? kept.get(`${view.account} ${view.queueId}`) : undefined;
    if (more === undefined) return view;
    return { ...view, ...more, client: more.client === '' ? view.client : more.client };
  });
}

/** As many recipients as a reason in the ledger has. */
const sampleMax = 5;
