/**
 * Routes through which a password audit reports to the running guard.
 *
 *   GET  /api/passwords      { weak, last }
 *   POST /api/passwords      { found?, changed?, told?, summary?, by? }
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { PasswordReport } from '../../../core/passwords/audit-report.ts';
import { candidateKinds, strengthClasses } from '../../../core/passwords/strength.ts';
import type { Millis } from '../../../lib/time.ts';
import type { Admin } from '../../../ports/admin.ts';
import { actor, body, done, type HttpEnv } from './request.ts';

/** Rows of one report. A larger audit sends several reports. */
const rowsMax = 2_000;
const text = z
  .string()
  .max(512)
  .regex(/^\P{Cc}*$/u, 'has control characters');
const millis = z
  .number()
  .int()
  .min(0)
  .transform((value) => value as Millis);
const login = z.strictObject({ source: text, account: text });
const count = z.number().int().min(0);

const reportBody: z.ZodType<{ readonly report: PasswordReport; readonly by?: string }> = z
  .strictObject({
    found: z
      .array(
        login.extend({
          scheme: text,
          strength: z.enum(strengthClasses),
          by: z.enum(candidateKinds),
          since: millis,
        }),
      )
      .max(rowsMax)
      .default([]),
    changed: z.array(login).max(rowsMax).default([]),
    told: z.array(login).max(rowsMax).default([]),
    summary: z
      .strictObject({
        at: millis,
        accounts: count,
        weak: count,
        faults: count,
        complete: z.boolean(),
      })
      .exactOptional(),
    by: text.exactOptional(),
  })
  .transform(({ by, ...report }) => ({ ...(by === undefined ? {} : { by }), report }));

export function passwordRoutes(api: Hono<HttpEnv>, admin: Admin): void {
  api.get('/passwords', (c) => c.json(admin.passwords()));
  api.post('/passwords', async (c) => {
    const { report, by } = await body(c, reportBody);
    return done(c, await admin.notePasswords(report, actor(c, by)));
  });
}
