/**
 * Serves declarations of authors as JSON.
 *
 *   GET  /api/authors                { declarations, observation, suggestions }
 *   POST /api/authors/declare        { pairs: [{ account, address }], note?, dry?, by? }
 *   POST /api/authors/remove         { pairs, by? }
 *   POST /api/authors/observe        { ms, by? }    0 ends it
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { AuthorAdmin } from '../../../ports/authors.ts';
import { actor, body, done, type HttpEnv } from './request.ts';

/** A list that an observation made may be long. */
const pairsMax = 20_000;
const observeMsMax = 30 * 86_400_000;
const by = z
  .string()
  .regex(/^\P{Cc}{1,64}$/u)
  .exactOptional();
const pairs = z
  .array(z.strictObject({ account: z.string().max(512), address: z.string().max(512) }))
  .min(1)
  .max(pairsMax);

type By = { readonly by?: string };
type Pairs = Parameters<AuthorAdmin['declare']>[0];

const declareBody: z.ZodType<By & { pairs: Pairs; note: string; dry: boolean }> = z.strictObject({
  pairs,
  note: z.string().max(500).default(''),
  dry: z.boolean().default(false),
  by,
});
const removeBody: z.ZodType<By & { pairs: Pairs }> = z.strictObject({ pairs, by });
const observeBody: z.ZodType<By & { ms: number }> = z.strictObject({
  ms: z.number().int().min(0).max(observeMsMax),
  by,
});

export function authorRoutes(api: Hono<HttpEnv>, admin: AuthorAdmin): void {
  api.get('/authors', (c) => c.json(admin.view()));
  api.post('/authors/declare', async (c) => {
    const { dry, note, pairs: wanted, by: who } = await body(c, declareBody);
    return done(c, await admin.declare(wanted, { note, isDry: dry }, actor(c, who)));
  });
  api.post('/authors/remove', async (c) => {
    const { pairs: wanted, by: who } = await body(c, removeBody);
    return done(c, await admin.remove(wanted, actor(c, who)));
  });
  api.post('/authors/observe', async (c) => {
    const { ms, by: who } = await body(c, observeBody);
    return done(c, await admin.observe(ms, actor(c, who)));
  });
}
