/**
 * The brake of the gate as JSON.
 *
 *   GET  /api/brake            whether it is on, why, and how many stops are usual
 *   POST /api/brake/on         { note?, by? }
 *   POST /api/brake/off        { right?, note?, by? }   right: the stops are right
 *   POST /api/brake/release    { dryRun?, by? }         held mail with nothing but that evidence
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { BrakeAdmin } from '../../../ports/acting/brake.ts';
import { actor, body, done, type HttpEnv } from './request.ts';

const line = z.string().regex(/^\P{Cc}*$/u, 'has control characters');
const asked: z.ZodType<{
  readonly by?: string;
  readonly note: string;
  readonly right: boolean;
  readonly dryRun: boolean;
}> = z.object({
  by: line.min(1).max(64).exactOptional(),
  note: line.max(500).default(''),
  right: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

export function brakeRoutes(api: Hono<HttpEnv>, brake: BrakeAdmin): void {
  api.get('/brake', (c) => c.json(brake.view()));
  api.post('/brake/on', async (c) => {
    const { by, note } = await body(c, asked);
    return done(c, await brake.set({ on: true }, actor(c, by), note));
  });
  api.post('/brake/off', async (c) => {
    const { by, note, right } = await body(c, asked);
    return done(c, await brake.set({ on: false, right }, actor(c, by), note));
  });
  api.post('/brake/release', async (c) => {
    const { by, dryRun } = await body(c, asked);
    return done(c, await brake.release({ by: actor(c, by), dryRun }));
  });
}
