/**
 * Serves the register of scripts as JSON.
 *
 *   GET  /api/scripts?like&limit     { mode, scripts, rules, known }
 *   GET  /api/scripts/whose?address&port
 *                                    { user? }    the web user at that end of a connection
 *   POST /api/scripts/rule           { effect, path, uid?, recipients?, from?, rate?, note?, by? }
 *   POST /api/scripts/forget         { rule, by? }    name or path of a rule
 */
import type { Hono } from 'hono';
import * as z from 'zod';
import { patternFault } from '../../../core/scripts/path-glob.ts';
import { entryOf } from '../../../core/scripts/rule-text.ts';
import { ruleEffects } from '../../../core/scripts/rules.ts';
import type { NewRule, ScriptAdmin, SocketEnd } from '../../../ports/scripts.ts';
import { actor, body, done, type HttpEnv, query } from './request.ts';

const entriesMax = 1_000;
const entry = z
  .string()
  .max(320)
  .transform((text, context) => {
    const known = entryOf(text);
    if (known !== undefined) return known;
    context.addIssue({
      code: 'custom',
      message: `${text} is not an address, @domain or @*.domain`,
    });
    return z.NEVER;
  });
const entries = z.array(entry).max(entriesMax);
const by = z
  .string()
  .regex(/^\P{Cc}{1,64}$/u)
  .exactOptional();
const yearMs = 366 * 86_400_000;

type By = { readonly by?: string };

const listQuery: z.ZodType<Parameters<ScriptAdmin['list']>[0]> = z.object({
  like: z.string().max(256).exactOptional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});

const endQuery: z.ZodType<SocketEnd> = z.object({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.coerce.number().int().min(1).max(65_535),
});

const ruleBody: z.ZodType<By & { readonly wanted: NewRule; readonly note: string }> = z
  .strictObject({
    effect: z.enum(ruleEffects),
    path: z.string().superRefine((path, context) => {
      const fault =
        patternFault(path) ??
        (/\p{Cc}/u.test(path) ? 'a path must not contain control characters' : undefined);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    }),
    uid: z.number().int().min(0).max(0xffff_ffff).optional(),
    recipients: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('any') }),
        z.strictObject({ kind: z.literal('listed'), entries: entries.min(1) }),
        z.strictObject({ kind: z.literal('owner-and-visitor'), owners: entries.min(1) }),
      ])
      .default({ kind: 'any' }),
    from: entries.default([]),
    rate: z
      .strictObject({
        messages: z.number().int().min(1).max(1_000),
        perMs: z.number().int().min(1_000).max(yearMs),
      })
      .optional(),
    note: z.string().max(500).default(''),
    by,
  })
  .transform(({ note, by: who, uid, rate, ...rest }) => ({
    wanted: { ...rest, uid, rate },
    note,
    ...(who === undefined ? {} : { by: who }),
  }));

const forgetBody: z.ZodType<By & { readonly rule: string }> = z.strictObject({
  rule: z.string().min(1).max(4_096),
  by,
});

export function scriptRoutes(api: Hono<HttpEnv>, admin: ScriptAdmin): void {
  api.get('/scripts', (c) => c.json(admin.list(query(c, listQuery))));
  api.get('/scripts/whose', async (c) => c.json({ user: await admin.whose(query(c, endQuery)) }));
  api.post('/scripts/rule', async (c) => {
    const { wanted, note, by: who } = await body(c, ruleBody);
    return done(c, await admin.rule(wanted, note, actor(c, who)));
  });
  api.post('/scripts/forget', async (c) => {
    const { rule, by: who } = await body(c, forgetBody);
    return done(c, await admin.forget(rule, actor(c, who)));
  });
}
