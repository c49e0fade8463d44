/**
 * Serves what became of messages as JSON.
 *
 *   GET  /api/find?q&recipient&sender&subject&messageId&queueId&client&script&account&since&until
 *        &limit                      q: typed freely; since, until: milliseconds or RFC 3339
 *   GET  /api/explain/ID             { story?, message?, fate? }
 *   GET  /api/incidents?account&limit
 *   GET  /api/incidents/ID           by id, or by the name of an account for its latest one
 *   GET  /api/incidents/ID/report?to&provider&as
 *                                    to: provider or abuse; provider: only its answers; as=text:
 *                                    as text to send
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import { reportReaders } from '../../../core/incidents/report.ts';
import { reportText } from '../../../core/incidents/report-text.ts';
import { withoutControls } from '../../../lib/peer-text.ts';
import type { Admin } from '../../../ports/admin.ts';
import type { FindAsk, IncidentSearch, ReportAsk } from '../../../ports/asking.ts';
import { type HttpEnv, named, orNotFound, query, Refusal } from './request.ts';
import { timeSent } from './requests.ts';

const limit = z.coerce.number().int().min(1).max(1_000).default(100);
/** A line that a person types, or that the mail log has. */
const text = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^\P{Cc}+$/u, 'must not contain control characters')
  .exactOptional();
const time = timeSent.exactOptional();

const findQuery: z.ZodType<FindAsk> = z
  .object({
    q: text,
    recipient: text,
    sender: text,
    subject: text,
    messageId: text,
    queueId: text,
    client: text,
    script: text,
    account: text,
    since: time,
    until: time,
    limit,
  })
  .transform(({ q, ...asked }) => (q === undefined ? asked : { ...asked, text: q }));

const incidentsQuery: z.ZodType<IncidentSearch> = z.object({ account: text, limit });

const reportQuery: z.ZodType<ReportAsk & { readonly as: 'json' | 'text' }> = z
  .object({
    to: z.enum(reportReaders).default('provider'),
    provider: text,
    as: z.enum(['json', 'text']).default('json'),
  })
  .transform(({ as, provider, to }) => ({ as, to, provider }));

export function findRoutes(api: Hono<HttpEnv>, { asking, explain }: Admin): void {
  api.get('/find', async (c) => c.json(await asking.find(query(c, findQuery))));
  api.get('/explain/:id', async (c) => {
    const id = named(c, 'id');
    const [known, fate] = [explain(id), await asking.fate(id)];
    if (known === undefined && fate === undefined) throw new Refusal(404, 'no such message');
    return c.json({ ...known, fate });
  });
  api.get('/incidents', (c) => c.json(asking.incidents(query(c, incidentsQuery))));
  api.get('/incidents/:id', async (c) => {
    return c.json(orNotFound(await asking.incident(named(c, 'id')), 'incident'));
  });
  api.get('/incidents/:id/report', async (c) => {
    const { as, ...about } = query(c, reportQuery);
    const report = orNotFound(await asking.report(named(c, 'id'), about), 'incident');
    return as === 'text' ? c.text(reportText(report, withoutControls)) : c.json(report);
  });
}
