/**
 * What API requests may say: queries and bodies, parsed once into what the admin takes, or a refusal
 * in words.
 */
import * as z from 'zod';
import { accountStates } from '../../core/verdict.ts';
import { dkimAlgorithms } from '../../formats/dkim/signing-key.ts';
import type { Result } from '../../lib/result.ts';
import { fault, ok } from '../../lib/result.ts';
import type { Millis } from '../../lib/time.ts';
import type { Admin, NewKeys } from '../../ports/admin.ts';
import { heldStates } from '../../ports/ledger.ts';
import { type StatsQuery, statsKinds, statsOrders } from '../../ports/stats.ts';

export type Note = { readonly note: string; readonly by?: string };
export type Release = Note & { readonly falseAlarm: boolean; readonly keepHeld: boolean };
export type Allow = Note & { readonly until: Millis };
export type Which = {
  readonly which: Parameters<Admin['releaseHeld']>[0];
  readonly by?: string;
};

type By = { readonly by?: string };
export type Retire = By & {
  readonly domain: string;
  readonly selector: string;
  readonly compromised: boolean;
};
export type Adopt = Note & {
  readonly keys: readonly { readonly domain: string; readonly selector: string }[];
};

const limitMax = 1_000;
const limit = z.coerce.number().int().min(1).max(limitMax).default(100);
/** Account names and ids: one line, nothing that a terminal would act on. */
const name = z
  .string()
  .min(1)
  .max(512)
  .regex(/^\P{Cc}+$/u, 'has control characters');
/** Days since 1970, UTC. */
const day = z.coerce.number().int().min(0).max(100_000);
const note = z.string().max(500).default('');
const by = name.max(64).exactOptional();

export const accountsQuery: z.ZodType<Parameters<Admin['accounts']>[0]> = z.object({
  state: z.enum(accountStates).exactOptional(),
  like: z.string().max(256).exactOptional(),
  limit,
});
export const heldQuery: z.ZodType<Parameters<Admin['held']>[0]> = z.object({
  account: name.exactOptional(),
  state: z.enum(heldStates).exactOptional(),
  limit,
});
export const auditQuery: z.ZodType<Parameters<Admin['audit']>[0]> = z.object({
  account: name.exactOptional(),
  limit,
});
/** For longer ones the command reads the ledger's file itself: here pages would wait meanwhile. */
const statsDaysMax = 31;
export const statsQuery: z.ZodType<StatsQuery> = z
  .object({
    by: z.enum(statsKinds).default('account'),
    since: day,
    until: day,
    order: z.enum(statsOrders).default('messages'),
    limit,
  })
  .refine(({ since, until }) => until >= since && until - since < statsDaysMax, {
    message: `since must lie before until, by ${statsDaysMax} days at most; postern stats has no limit`,
  });
export const limitQuery: z.ZodType<{ readonly limit: number }> = z.object({ limit });
export const nameParameter: z.ZodType<string> = name;

export const noteBody: z.ZodType<Note> = z.strictObject({ note, by });
export const releaseBody: z.ZodType<Release> = z
  .strictObject({
    note,
    by,
    falseAlarm: z.boolean().default(false),
    keepHeld: z.boolean().default(false),
  })
  .refine(({ falseAlarm, keepHeld }) => !(falseAlarm && keepHeld), {
    message: 'falseAlarm lets all held mail go: it cannot stand with keepHeld',
  });
export const allowBody: z.ZodType<Allow> = z.strictObject({
  note,
  by,
  /** Milliseconds, or RFC 3339. */
  until: z
    .union([z.number().int().positive(), z.iso.datetime({ offset: true }).transform(Date.parse)])
    .transform((value) => value as Millis),
});
export const whichBody: z.ZodType<Which> = z
  .strictObject({
    ids: z.array(name).min(1).max(limitMax).exactOptional(),
    account: name.exactOptional(),
    by,
  })
  .transform(({ ids, account, ...rest }, context) => {
    if (ids !== undefined && account === undefined) return { which: { ids }, ...rest };
    if (account !== undefined && ids === undefined) return { which: { account }, ...rest };
    context.addIssue({ code: 'custom', message: 'give either ids or account' });
    return z.NEVER;
  });
const keyNamed = { domain: name, selector: name };
export const newKeysBody: z.ZodType<NewKeys & By> = z
  .strictObject({
    domain: name,
    algorithms: z
      .array(z.enum(dkimAlgorithms))
      .min(1)
      .max(2)
      .default([...dkimAlgorithms]),
    selector: name.exactOptional(),
    bits: z.number().int().min(1_024).max(8_192).default(2_048),
    by,
  })
  .transform(({ selector, ...rest }) => ({ selector, ...rest }));
export const domainBody: z.ZodType<By & { readonly domain: string }> = z.strictObject({
  domain: name,
  by,
});
export const retireBody: z.ZodType<Retire> = z.strictObject({
  ...keyNamed,
  compromised: z.boolean().default(false),
  by,
});
export const adoptBody: z.ZodType<Adopt> = z.strictObject({
  keys: z.array(z.strictObject(keyNamed)).min(1).max(limitMax),
  note,
  by,
});
export const loginBody: z.ZodType<{ readonly token: string }> = z.strictObject({
  token: z.string().max(1_024),
});

/** The parsed value, or one sentence that names the first thing wrong. */
export function parse<Value>(schema: z.ZodType<Value>, input: unknown): Result<Value, string> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return fault(`${where === '' ? '' : `${where}: `}${issue?.message ?? 'not understood'}`);
}
