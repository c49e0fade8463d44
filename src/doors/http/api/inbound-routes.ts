/**
 * Serves mail that comes in as JSON.
 *
 *   GET  /api/inbound?state&since&about&limit     messages that waited, or would have
 *   GET  /api/inbound/status
 *   GET  /api/inbound/days?days               numbers by day, up to now
 *   GET  /api/inbound/at-risk?limit&all       honest-looking mail that was put off and is late;
 *                                            with all=true also what may still come
 *   GET  /api/inbound/allowed
 *   GET  /api/inbound/message/QUEUE-ID
 *   POST /api/inbound/allow                  { what, note?, by? }
 *   POST /api/inbound/forget                 { what, by? }
 *   POST /api/inbound/learn                  { names: [{ kind, name, at }], by? }
 *   POST /api/inbound/release, …/drop        { ids, by? }
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { Millis } from '../../../lib/time.ts';
import { type InboundAdmin, inboundStates } from '../../../ports/inbound/inbound.ts';
import { actor, body, done, type HttpEnv, named, orNotFound, query } from './request.ts';

/** Names that an import sends at once. */
const namesMax = 10_000;
const limit = z.coerce.number().int().min(1).max(1_000).default(100);
const text = z
  .string()
  .min(1)
  .max(320)
  .regex(/^\P{Cc}+$/u, 'must not contain control characters');
const by = text.max(64).exactOptional();
const time = z
  .number()
  .int()
  .min(0)
  .transform((at) => at as Millis);

type By = { readonly by?: string };

const listQuery: z.ZodType<Parameters<InboundAdmin['list']>[0]> = z.object({
  state: z.enum(inboundStates).exactOptional(),
  since: z.coerce
    .number()
    .int()
    .min(0)
    .transform((at) => at as Millis)
    .exactOptional(),
  about: text.exactOptional(),
  limit,
});
const daysQuery: z.ZodType<{ days: number }> = z.object({
  days: z.coerce.number().int().min(1).max(90).default(30),
});
const riskQuery: z.ZodType<{ limit: number; all: boolean }> = z.object({
  limit,
  all: z.stringbool().default(false),
});
const allowBody: z.ZodType<By & { what: string; note: string }> = z.strictObject({
  what: text,
  note: z.string().max(500).default(''),
  by,
});
const forgetBody: z.ZodType<By & { what: string }> = z.strictObject({ what: text, by });
const learnBody: z.ZodType<By & { names: Parameters<InboundAdmin['learn']>[0] }> = z.strictObject({
  names: z
    .array(z.strictObject({ kind: z.enum(['written-to', 'domain']), name: text, at: time }))
    .min(1)
    .max(namesMax),
  by,
});
const idsBody: z.ZodType<By & { ids: readonly string[] }> = z.strictObject({
  ids: z.array(text.max(32)).min(1).max(1_000),
  by,
});

export function inboundRoutes(api: Hono<HttpEnv>, admin: InboundAdmin): void {
  api.get('/inbound', (c) => c.json(admin.list(query(c, listQuery))));
  api.get('/inbound/status', (c) => c.json(admin.status()));
  api.get('/inbound/at-risk', (c) => c.json(admin.atRisk(query(c, riskQuery))));
  api.get('/inbound/days', (c) => c.json(admin.byDay(query(c, daysQuery).days)));
  api.get('/inbound/allowed', (c) => c.json(admin.allowed()));
  api.get('/inbound/message/:id', (c) =>
    c.json(orNotFound(admin.show(named(c, 'id')), 'incoming message')),
  );
  api.post('/inbound/allow', async (c) => {
    const { what, note, by: who } = await body(c, allowBody);
    return done(c, await admin.allow(what, note, actor(c, who)));
  });
  api.post('/inbound/forget', async (c) => {
    const { what, by: who } = await body(c, forgetBody);
    return done(c, await admin.forget(what, actor(c, who)));
  });
  api.post('/inbound/learn', async (c) => {
    const { names, by: who } = await body(c, learnBody);
    return done(c, await admin.learn(names, actor(c, who)));
  });
  api.post('/inbound/release', async (c) => {
    const { ids, by: who } = await body(c, idsBody);
    return done(c, await admin.release(ids, actor(c, who)));
  });
  api.post('/inbound/drop', async (c) => {
    const { ids, by: who } = await body(c, idsBody);
    return done(c, await admin.drop(ids, actor(c, who)));
  });
}
