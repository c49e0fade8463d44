/**
 * Serves what operators say of the people an account writes to.
 *
 *   GET  /api/mailings                   announced mailings in force
 *   POST /api/accounts/NAME/expect       { recipients, until, fromNow?, note?, by? }
 *                                        until: milliseconds or RFC 3339
 *   POST /api/accounts/NAME/cancel       { note?, by? }    takes the announcement back
 *   GET  /api/imports?limit              newest first, a row for each account
 *   POST /api/accounts/NAME/import       { addresses, source, id?, note?, unknown?, dryRun?, by? }
 *                                        a part of an import; without id, a new import begins
 *   POST /api/imports/undo               { id, by? }
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import type { Admin } from '../../../ports/admin.ts';
import type { ImportPart } from '../../../ports/imports/imports.ts';
import type { MailingWanted } from '../../../ports/mailings/mailings.ts';
import { actor, body, done, type HttpEnv, named, query } from './request.ts';
import { limitQuery, timeSent } from './requests.ts';

/** Addresses of one request. A longer import sends several. */
const addressesMax = 500;
const by = z
  .string()
  .regex(/^\P{Cc}{1,64}$/u)
  .exactOptional();
const note = z.string().max(500).default('');
const source = z.string().max(500);

type By = { readonly by?: string };

const expectBody: z.ZodType<MailingWanted & By> = z.strictObject({
  recipients: z.number().int().min(1),
  until: timeSent,
  fromNow: z.boolean().default(false),
  note,
  by,
});
const cancelBody: z.ZodType<By & { readonly note: string }> = z.strictObject({ note, by });
const partBody: z.ZodType<Omit<ImportPart, 'account' | 'id'> & By & { readonly id?: number }> =
  z.strictObject({
    id: z.number().int().min(1).exactOptional(),
    addresses: z.array(z.string().max(1_024)).min(1).max(addressesMax),
    source,
    note,
    unknown: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    by,
  });
const undoBody: z.ZodType<By & { readonly id: number }> = z.strictObject({
  id: z.number().int().min(1),
  by,
});

export function peopleRoutes(
  api: Hono<HttpEnv>,
  { imports, mailings }: Pick<Admin, 'imports' | 'mailings'>,
): void {
  api.get('/mailings', (c) => c.json(mailings.list()));
  api.post('/accounts/:name/expect', async (c) => {
    const { by: who, ...wanted } = await body(c, expectBody);
    return done(c, await mailings.expect(named(c, 'name'), wanted, actor(c, who)));
  });
  api.post('/accounts/:name/cancel', async (c) => {
    const { by: who, note: why } = await body(c, cancelBody);
    return done(c, await mailings.cancel(named(c, 'name'), why, actor(c, who)));
  });
  api.get('/imports', (c) => c.json(imports.list(query(c, limitQuery).limit)));
  api.post('/accounts/:name/import', async (c) => {
    const { by: who, id, ...part } = await body(c, partBody);
    const whole = { ...part, id, account: named(c, 'name') };
    return done(c, await imports.add(whole, actor(c, who)));
  });
  api.post('/imports/undo', async (c) => {
    const { by: who, id } = await body(c, undoBody);
    return done(c, await imports.undo(id, actor(c, who)));
  });
}
