/**
 * People ask what became of messages. What is found comes from the day files, and for what these
 * no longer have, from the reasons in the ledger, which are kept longer. Nothing is written, so the
 * same code answers from the files while the guard does not run.
 */

import { withShownReasons } from '../../core/explain.ts';
import { guessedWords, guesses, type Sought } from '../../core/fate/question.ts';
import { incidentReport } from '../../core/incidents/report.ts';
import { addressKey } from '../../formats/message/address.ts';
import type { Millis } from '../../lib/time.ts';
import type { Asking, FateView, FindAnswer, FindAsk, FoundView } from '../../ports/asking.ts';
import type { FateQuery, FoundMessage } from '../../ports/fate.ts';
import { accountFacts } from './account-facts.ts';
import {
  type AskingDeps,
  asSentence,
  fateView,
  foundOrWhy,
  storedRow,
  storedStory,
} from './found-view.ts';
import { heldViews } from './held-mail-facts.ts';
import { incidentDetail, reportFacts } from './incident-detail.ts';
import { incidentList, incidentNamed } from './incident-list.ts';

const unguessed = 'All that the text may be is given with options already; leave one of them out.';

const wholeAddress =
  'Give the whole address: Postern cannot search a part of an address, such as a domain.';

export function openAsking(deps: AskingDeps): Asking {
  return {
    find: (asked) => find(deps, asked),
    fate: (id) => fate(deps, id),
    heldViews: (rows) => heldViews(deps, rows),
    accountFacts: (name) =>
      accountFacts({ ...deps, replies: deps.incidents.replies }, deps.named(name)),
    incidents: (filter) => incidentList(deps, filter).map(withShownReasons),
    async incident(id) {
      const incident = incidentNamed(deps, id);
      return incident === undefined ? undefined : incidentDetail(deps, incident);
    },
    async report(id, { provider, to }) {
      const incident = incidentNamed(deps, id);
      if (incident === undefined) return undefined;
      const { facts, timeline } = await reportFacts(deps, incident);
      const { iso, server } = deps.incidents;
      return incidentReport(facts, timeline, { to, provider, server, now: deps.now(), iso });
    },
  };
}

async function fate(deps: AskingDeps, id: string): Promise<FateView | undefined> {
  const days = await foundOrWhy(deps, { queueId: id, limit: 1 });
  const [found] = [...days.found, ...fromReasons(deps, { queueId: id, limit: 1 })];
  if (found === undefined) return undefined;
  const { message, told } = fateView(found, deps);
  if (days.partial === '') return { message, told };
  return { message, told: { ...told, remarks: [...told.remarks, asSentence(days.partial)] } };
}

async function find(deps: AskingDeps, asked: FindAsk): Promise<FindAnswer> {
  const { text = '', limit } = asked;
  // What is said with an option is not guessed.
  const guessed = guesses(text).filter(({ field }) => asked[field] === undefined);
  const base = queryOf(deps, asked);
  const queries =
    text.trim() === ''
      ? [base]
      : guessed.map(({ field, value }) => ({ ...base, ...narrowed(deps, field, value) }));
  const views = new Map<string, FoundView>();
  const remarks = new Set<string>();
  let hasMore = false;
  let days = 0;
  for (const query of queries) {
    const answer = await deps.fates.find({ ...query, limit: limit + 1 });
    if (answer.partial !== '') remarks.add(asSentence(answer.partial));
    days = Math.max(days, answer.days);
    hasMore ||= answer.found.length > limit;
    const returned = new Set(answer.found.flatMap(({ logged }) => logged?.otherIds ?? []));
    // What a filter handed back is in the message that went into the filter.
    const stored = fromReasons(deps, query).filter(
      ({ judged }) => !returned.has(judged?.queueId ?? ''),
    );
    for (const one of [...answer.found, ...stored]) {
      const { message } = fateView(one, deps, { recipient: query.recipient });
      const key = message.id === '' ? `${message.at} ${message.account}` : message.id;
      const other = views.get(key);
      // Ids are used again after some time.
      if (other === undefined) views.set(key, message);
      else if (other.at !== message.at) views.set(`${key} ${message.at}`, message);
    }
  }
  const all = [...views.values()].sort((one, other) => other.at - one.at);
  const looked = lookedThrough(days, { isFound: all.length > 0, isPartial: remarks.size > 0 });
  if (all.length === 0 && isDomain(asked)) remarks.add(wholeAddress);
  return {
    found: all.slice(0, limit),
    more: hasMore || all.length > limit,
    guessed,
    remarks: [
      ...(queries.length === 0 ? [unguessed] : []),
      ...said({ text, guessed, queries, looked }),
      ...remarks,
    ],
  };
}

function isDomain({ text = '', recipient, sender }: FindAsk): boolean {
  return (
    /^\s*\*?@/.test(text) ||
    [recipient, sender].some((address) => address !== undefined && !/[^*]@/.test(address))
  );
}

function lookedThrough(
  days: number,
  { isFound, isPartial }: { readonly isFound: boolean; readonly isPartial: boolean },
): string {
  if (days > 0) return `Looked through the mail of ${days} ${days === 1 ? 'day' : 'days'}.`;
  if (isPartial) return 'No day could be read to the end.';
  return isFound
    ? 'This is known from the reasons for stopped mail. Nothing else is kept of that time.'
    : 'Nothing is kept of that time.';
}

function said({
  text,
  guessed,
  looked,
  queries,
}: {
  readonly text: string;
  readonly guessed: ReturnType<typeof guesses>;
  readonly looked: string;
  readonly queries: readonly FateQuery[];
}): readonly string[] {
  const lines: string[] = [];
  if (guessed.length > 0) lines.push(`Searched “${text.trim()}” as ${guessedWords(guessed)}.`);
  lines.push(`${looked} What is older than messages.keep is not kept.`);
  if (queries.some(({ subject }) => subject !== undefined)) {
    lines.push('Subjects are found only while they are kept in clear text (messages.keep_clear).');
  }
  return lines;
}

function queryOf(deps: AskingDeps, { text: _text, ...asked }: FindAsk): FateQuery {
  const { account, recipient, sender, ...rest } = asked;
  return {
    ...rest,
    ...(account === undefined ? {} : { account: deps.named(account) }),
    ...(recipient === undefined ? {} : { recipient: addressKey(recipient) }),
    ...(sender === undefined ? {} : { sender: addressKey(sender) }),
  };
}

function narrowed(deps: AskingDeps, field: Sought, value: string): Partial<FateQuery> {
  return field === 'account' ? { account: deps.named(value) } : { [field]: value };
}

/** What the ledger's reasons still have. They know nothing of deliveries. */
function fromReasons({ live }: AskingDeps, query: FateQuery): readonly FoundMessage[] {
  const { account, queueId, limit, since, until, ...rest } = query;
  const fits = ({ at }: { readonly at: Millis }): boolean =>
    at >= (since ?? 0) && at <= (until ?? Number.POSITIVE_INFINITY);
  // The reasons have no index of anything else.
  if (Object.values(rest).some((value) => value !== undefined)) return [];
  if (queueId !== undefined) {
    const story = live.story(queueId);
    const row = live.message(queueId);
    const found = story === undefined ? row && storedRow(row) : storedStory(story);
    const isMeant = account === undefined || found?.judged?.account === account;
    return found?.judged !== undefined && isMeant && fits(found.judged) ? [found] : [];
  }
  return account === undefined
    ? []
    : live.stories({ account, limit }).filter(fits).map(storedStory);
}
