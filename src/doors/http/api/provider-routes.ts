/**
 * Serves how providers treat our mail as JSON.
 *
 *   GET  /api/providers              { lanes, newReplies, bulk, unread, names }
 *                                    names: of providers, as a person says them, by id
 *   GET  /api/providers/ID?since&step
 *                                    all lanes of one provider: [{ name, standing, changes,
 *                                    samples, replies }]; since: milliseconds or RFC 3339, else 7
 *                                    days ago; step: seconds of an interval of samples, else 600
 *   GET  /api/lane-changes?since&until
 *                                    of all lanes, oldest first
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import { providerName } from '../../../core/deliverability/providers.ts';
import { dayMs, type Millis, secondMs } from '../../../lib/time.ts';
import type { LaneViews } from '../../../ports/lanes.ts';
import { type HttpEnv, named, orNotFound, query } from './request.ts';
import { timeSent } from './requests.ts';

const usualMs = 7 * dayMs;
const step = z.coerce.number().int().min(600).max(604_800);
const showQuery = z.object({ since: timeSent.exactOptional(), step: step.exactOptional() });
const changesQuery = z.object({ since: timeSent, until: timeSent });

export function providerRoutes(api: Hono<HttpEnv>, lanes: LaneViews): void {
  api.get('/providers', (c) => {
    const list = lanes.list();
    const all = [...list.lanes, ...list.newReplies, ...list.bulk].map(({ provider }) => provider);
    const names = Object.fromEntries(all.map((provider) => [provider, providerName(provider)]));
    return c.json({ ...list, names });
  });
  api.get('/providers/:id', (c) => {
    const { since = (Date.now() - usualMs) as Millis, step: seconds } = query(c, showQuery);
    const stepMs = seconds === undefined ? undefined : seconds * secondMs;
    const found = lanes
      .show(named(c, 'id'), since, stepMs)
      .map((lane) => ({ name: providerName(lane.standing.provider), ...lane }));
    return c.json(orNotFound(found.length === 0 ? undefined : found, 'provider'));
  });
  api.get('/lane-changes', (c) => {
    const { since, until } = query(c, changesQuery);
    return c.json(lanes.changes(since, until));
  });
}
