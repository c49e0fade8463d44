/**
 * Serves how providers treat our mail as JSON.
 *
 *   GET  /api/providers              { lanes, newReplies, bulk, unread }
 *   GET  /api/providers/ID?since     all lanes of one provider: [{ standing, changes, samples,
 *                                    replies }]; since: milliseconds or RFC 3339, else 7 days ago
 *   GET  /api/lane-changes?since&until
 *                                    of all lanes, oldest first
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { LaneViews } from '../../../ports/lanes.ts';
import { type HttpEnv, named, orNotFound, query } from './request.ts';

const usualMs = 7 * dayMs;
const time = z
  .union([
    z.coerce.number().int().min(0).max(8_640_000_000_000_000),
    z.iso.datetime({ offset: true }).transform(Date.parse),
  ])
  .transform((value) => value as Millis);
const showQuery = z.object({ since: time.exactOptional() });
const changesQuery = z.object({ since: time, until: time });

export function providerRoutes(api: Hono<HttpEnv>, lanes: LaneViews): void {
  api.get('/providers', (c) => c.json(lanes.list()));
  api.get('/providers/:id', (c) => {
    const { since = (Date.now() - usualMs) as Millis } = query(c, showQuery);
    const found = lanes.show(named(c, 'id'), since);
    return c.json(orNotFound(found.length === 0 ? undefined : found, 'provider'));
  });
  api.get('/lane-changes', (c) => {
    const { since, until } = query(c, changesQuery);
    return c.json(lanes.changes(since, until));
  });
}
