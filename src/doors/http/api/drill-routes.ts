/**
 * Serves the guard's part of `postern drill` as JSON.
 *
 *   GET  /api/drill            the drill that runs now; 404 if no canary is set
 *   GET  /api/drill/traces     what is left of the canary in queue and deny file
 *   GET  /api/drill/channels   the channels for notices
 *   POST /api/drill/begin      { by? }
 *   POST /api/drill/suspend
 *   POST /api/drill/release
 *   POST /api/drill/notice     { channel, fine, lines: [{ signal, text }] }
 *   POST /api/drill/end
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { Admin } from '../../../ports/admin.ts';
import type { DrillAdmin } from '../../../ports/drill/drill.ts';
import { actor, body, done, type HttpEnv, orNotFound } from './request.ts';

/** There are fewer links. */
const linesMax = 50;
const byBody: z.ZodType<{ readonly by?: string }> = z.object({
  by: z
    .string()
    .regex(/^\P{Cc}{1,64}$/u)
    .exactOptional(),
});
const noticeBody: z.ZodType<Parameters<DrillAdmin['notice']>[0]> = z.object({
  channel: z.enum(['mail', 'webhook']),
  fine: z.boolean(),
  lines: z
    .array(z.object({ signal: z.string().max(40), text: z.string().max(1_000) }))
    .max(linesMax),
});

export function drillRoutes(api: Hono<HttpEnv>, admin: Pick<Admin, 'drill'>): void {
  const drill = (): DrillAdmin => orNotFound(admin.drill, 'canary');
  api.get('/drill', (c) => c.json(drill().view()));
  api.get('/drill/traces', async (c) => c.json(await drill().traces()));
  api.get('/drill/channels', (c) => c.json({ channels: drill().channels }));
  api.post('/drill/begin', async (c) => {
    const { by } = await body(c, byBody);
    return done(c, await drill().begin(actor(c, by)));
  });
  api.post('/drill/suspend', async (c) => done(c, await drill().suspend()));
  api.post('/drill/release', async (c) => done(c, await drill().release()));
  api.post('/drill/notice', async (c) => done(c, await drill().notice(await body(c, noticeBody))));
  api.post('/drill/end', async (c) => done(c, await drill().end()));
}
