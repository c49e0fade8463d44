/**
 * Schemas of API requests. Queries and bodies are parsed once into what `Admin` takes, or the
 * parser returns a sentence that says what is wrong.
 */
import * as z from 'zod';
import { accountStates } from '../../../core/verdict.ts';
import { dkimAlgorithms } from '../../../formats/dkim/signing-key.ts';
import type { Result } from '../../../lib/result.ts';
import { fault, ok } from '../../../lib/result.ts';
import type { Millis } from '../../../lib/time.ts';
import type { Admin, NewKeys } from '../../../ports/admin.ts';
import { heldStates } from '../../../ports/ledger.ts';
import { type StatsQuery, statsKinds, statsOrders } from '../../../ports/stats.ts';

export type NoteBody = { readonly note: string; readonly by?: string };
export type SuspendBody = NoteBody & { readonly hijacked: boolean };
export type ReleaseBody = NoteBody & { readonly falseAlarm: boolean; readonly keepHeld: boolean };
export type AllowBody = NoteBody & { readonly until: Millis };
export type WhichBody = {
  readonly which: Parameters<Admin['releaseHeld']>[0];
  readonly by?: string;
};

type By = { readonly by?: string };
export type RetireBody = By & {
  readonly domain: string;
  readonly selector: string;
  readonly compromised: boolean;
};
export type UseBody = NoteBody & { readonly domain: string; readonly selector: string };
export type AdoptBody = NoteBody & {
  readonly keys: readonly { readonly domain: string; readonly selector: string }[];
};

/** A time in a query: milliseconds or RFC 3339. */
export const timeSent: z.ZodType<Millis> = z
  .union([
    z.coerce.number().int().min(0).max(8_640_000_000_000_000),
    z.iso.datetime({ offset: true }).transform(Date.parse),
  ])
  .transform((value) => value as Millis);

const limitMax = 1_000;
/** Held messages that a list may skip: more than are ever held. */
const offsetMax = 100_000;
const lookupMax = 100;
const limit = z.coerce.number().int().min(1).max(limitMax).default(100);
/** Account names and ids: one line without control characters, so safe to print to a terminal. */
const name = z
  .string()
  .min(1)
  .max(512)
  .regex(/^\P{Cc}+$/u, 'must not contain control characters');
/** Days since 1970, UTC. */
const day = z.coerce.number().int().min(0).max(100_000);
const note = z.string().max(500).default('');
const by = name.max(64).exactOptional();

export const modeBody: z.ZodType<By & { readonly mode: 'observe' | 'guard' }> = z.object({
  mode: z.enum(['observe', 'guard']),
  by,
});

export const accountsQuery: z.ZodType<Parameters<Admin['accounts']>[0]> = z.object({
  state: z.enum(accountStates).exactOptional(),
  like: z.string().max(256).exactOptional(),
  limit,
});
/** A switch of the mode, as the command line made it. */
export const heldQuery: z.ZodType<Parameters<Admin['held']>[0]> = z.object({
  account: name.exactOptional(),
  state: z.enum(heldStates).exactOptional(),
  limit,
  offset: z.coerce.number().int().min(0).max(offsetMax).default(0),
});
const like = z.string().max(256).exactOptional();
export const heldGroupsQuery: z.ZodType<Parameters<Admin['heldGroups']>[0]> = z.object({
  like,
  limit,
});
export const lookupQuery: z.ZodType<{ readonly q: string; readonly limit: number }> = z.object({
  q: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^\P{Cc}+$/u, 'must not contain control characters'),
  limit: z.coerce.number().int().min(1).max(lookupMax).default(8),
});
export const auditQuery: z.ZodType<Parameters<Admin['audit']>[0]> = z.object({
  account: name.exactOptional(),
  since: z.coerce.number().int().min(0).exactOptional(),
  offset: z.coerce.number().int().min(0).exactOptional(),
  limit,
});
/**
 * Longer ranges would make other requests wait. `postern stats` has no limit, because it reads the
 * ledger's file directly.
 */
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
    message:
      `until must not be before since, and the range is at most ${statsDaysMax} days; ` +
      'postern stats has no limit',
  });
export const limitQuery: z.ZodType<{ readonly limit: number }> = z.object({ limit });
export const nameParameter: z.ZodType<string> = name;

export const suspendBody: z.ZodType<SuspendBody> = z.strictObject({
  note,
  by,
  hijacked: z.boolean().default(false),
});
const whichRelease =
  'say what it was: { "hijacked": true } keeps held mail held, { "falseAlarm": true } delivers it';
/**
 * `keepHeld` is the name of `hijacked` in version 0.1. With `keepHeld: false` that version said
 * neither, and mail pulled back from the queue is delivered: the command line still may (accounts
 * release).
 */
export const releaseBody: z.ZodType<ReleaseBody> = z
  .strictObject({
    note,
    by,
    hijacked: z.boolean().exactOptional(),
    falseAlarm: z.boolean().default(false),
    keepHeld: z.boolean().exactOptional(),
  })
  .transform(({ hijacked, keepHeld, ...rest }, context) => {
    const keeps = hijacked === true || keepHeld === true;
    if (keeps && rest.falseAlarm) {
      const message = 'falseAlarm delivers all held mail, so it cannot be combined with hijacked';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    if (!keeps && !rest.falseAlarm && keepHeld === undefined) {
      context.addIssue({ code: 'custom', message: whichRelease });
      return z.NEVER;
    }
    return { ...rest, keepHeld: keeps };
  });
export const allowBody: z.ZodType<AllowBody> = z.strictObject({
  note,
  by,
  /** Milliseconds, or RFC 3339. */
  until: z
    .union([z.number().int().positive(), z.iso.datetime({ offset: true }).transform(Date.parse)])
    .transform((value) => value as Millis),
});
export const whichBody: z.ZodType<WhichBody> = z
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
export const forgetBody: z.ZodType<By & { readonly address: string; readonly dryRun: boolean }> =
  z.strictObject({ address: name, dryRun: z.boolean().default(false), by });
/** A request that says nothing but who acts. */
export const byBody: z.ZodType<By> = z.strictObject({ by });
export const domainBody: z.ZodType<By & { readonly domain: string }> = z.strictObject({
  domain: name,
  by,
});
export const retireBody: z.ZodType<RetireBody> = z.strictObject({
  ...keyNamed,
  compromised: z.boolean().default(false),
  by,
});
export const useBody: z.ZodType<UseBody> = z.strictObject({ ...keyNamed, note, by });
export const adoptBody: z.ZodType<AdoptBody> = z.strictObject({
  keys: z.array(z.strictObject(keyNamed)).min(1).max(limitMax),
  note,
  by,
});
export const loginBody: z.ZodType<{ readonly token: string }> = z.strictObject({
  token: z.string().max(1_024),
});

/** Returns the parsed value, or a sentence about the first thing that is wrong. */
export function parse<Value>(schema: z.ZodType<Value>, input: unknown): Result<Value, string> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return fault(
    `${where === '' ? '' : `${where}: `}${issue?.message ?? 'the request was not understood'}`,
  );
}
