/**
 * Serves the checklist as it was found last. No request runs a check.
 *
 *   GET  /api/checklist               { last, isRunning, items, broken, due, next, now }
 *                                     last: { at, by, asRoot }, without if none has reported yet;
 *                                     items: broken first, then easy and cheap ones; due: what
 *                                     breaks next; next: ids of the next steps; broken and next
 *                                     without acknowledged items
 *   GET  /api/checklist/acks           acknowledgements in force
 *   GET  /api/checklist/history?id&limit
 *                                     newest first
 *   POST /api/checklist               { run, items, isLast?, total?, asRoot?, nightly?, by? }
 *                                     what `postern checklist` found, in parts; total: items of
 *                                     all parts
 *   POST /api/checklist/ack           { id, days, note?, by? }    days 0: take it back
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { ChecklistItem } from '../../../core/checklist/items/item.ts';
import {
  checklistOrder,
  itemStates,
  nextToBreak,
  openItems,
} from '../../../core/checklist/items/order.ts';
import { ackDaysMax, withoutAcknowledged } from '../../../core/checklist/memory/ack.ts';
import type { Millis } from '../../../lib/time.ts';
import type {
  ChecklistAdmin,
  ChecklistView,
  HistorySearch,
  ReportPart,
} from '../../../ports/checklist/checklist.ts';
import { actor, body, done, type HttpEnv, query } from './request.ts';

/** Items of one part; the body may have at most 64 KiB. */
const partMax = 200;
/** The last millisecond that a date can have (ECMA-262 section 21.4.1.1), and the first. */
const timeMax = 8_640_000_000_000_000;
const line = z
  .string()
  .max(4_000)
  .regex(/^\P{Cc}*$/u, 'has control characters');
const id = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\p{L}\p{N}._:@/*-]+$/u, 'is not the id of an item');
const by = line.max(64).exactOptional();

const item: z.ZodType<ChecklistItem> = z.strictObject({
  id,
  title: line,
  state: z.enum(itemStates),
  effort: z.enum(['minutes', 'hours', 'days']),
  cost: z.enum(['free', 'money']),
  effect: line,
  requiredBy: z.array(line.max(64)).max(40),
  found: line,
  /** It may have lines. */
  fix: z
    .string()
    .max(4_000)
    .regex(/^[\P{Cc}\n]*$/u, 'has control characters'),
  command: line,
  follows: z.array(line.max(256)).max(100).exactOptional(),
  due: z
    .strictObject({
      at: z
        .number()
        .int()
        .min(-timeMax)
        .max(timeMax)
        .transform((at) => at as Millis),
      what: line,
    })
    .exactOptional(),
});

const reportBody: z.ZodType<{ readonly part: ReportPart; readonly by?: string }> = z
  .strictObject({
    run: line.min(1).max(64),
    items: z.array(item).max(partMax),
    isLast: z.boolean().default(true),
    total: z.number().int().min(1).exactOptional(),
    asRoot: z.boolean().default(false),
    nightly: z.boolean().default(false),
    by,
  })
  .transform(({ by: who, ...part }) => ({ ...(who === undefined ? {} : { by: who }), part }));

const ackBody = z.strictObject({
  id,
  days: z.number().int().min(0).max(ackDaysMax),
  note: line.max(500).default(''),
  by,
});

const historyQuery: z.ZodType<HistorySearch> = z.object({
  id: id.exactOptional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

/** Next steps on the overview. */
const stepsMax = 3;

function shown(view: ChecklistView) {
  const { now } = view;
  const items = checklistOrder(view.items);
  const acks = view.items.flatMap(({ ack }) => (ack === undefined ? [] : [ack]));
  const open = openItems(withoutAcknowledged(items, acks, now));
  return {
    ...view,
    items,
    broken: open.filter(({ state }) => state === 'broken').length,
    due: nextToBreak(items, now),
    next: open.slice(0, stepsMax).map((one) => one.id),
  };
}

export function checklistRoutes(api: Hono<HttpEnv>, checklist: ChecklistAdmin): void {
  api.get('/checklist', (c) => c.json(shown(checklist.view())));
  api.get('/checklist/acks', (c) => c.json(checklist.acknowledgements()));
  api.get('/checklist/history', (c) => c.json(checklist.history(query(c, historyQuery))));
  api.post('/checklist', async (c) => {
    const { by: who, part } = await body(c, reportBody);
    return done(c, await checklist.note(part, actor(c, who)));
  });
  api.post('/checklist/ack', async (c) => {
    const { by: who, id: of, ...how } = await body(c, ackBody);
    return done(c, await checklist.acknowledge(of, { ...how, by: actor(c, who) }));
  });
}
