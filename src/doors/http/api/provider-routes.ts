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
import { providerById } from '../../../core/deliverability/providers.ts';
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
  api.get('/providers', (c) => {
    const { bulk, lanes: all, newReplies, ...more } = lanes.list();
    return c.json({
      lanes: all.map(withName),
      newReplies: newReplies.map(withName),
      bulk: bulk.map(withName),
      ...more,
    });
  });
  api.get('/providers/:id', (c) => {
    const { since = (Date.now() - usualMs) as Millis } = query(c, showQuery);
    const found = lanes
      .show(named(c, 'id'), since)
      .map((one) => ({ ...one, standing: withName(one.standing) }));
    return c.json(orNotFound(found.length === 0 ? undefined : found, 'provider'));
  });
  api.get('/lane-changes', (c) => {
    const { since, until } = query(c, changesQuery);
    return c.json(lanes.changes(since, until));
  });
}

/** With the name of the provider as a person says it. */
function withName<Row extends { readonly provider: string }>(row: Row): Row & { name: string } {
  return { ...row, name: providerById(row.provider)?.name ?? row.provider };
}
