/**
 * What the routes below /api share: who asks, parsing of the request or a refusal, and the answer
 * to an action.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type * as z from 'zod';
import type { AdminResult } from '../../../ports/admin.ts';
import { nameParameter, parse } from './requests.ts';
import type { Session } from './session.ts';

/** A caller that passed the check: one with the token, or a signed-in page. */
export type Caller =
  | { readonly kind: 'bearer' }
  | { readonly kind: 'page'; readonly session: Session };
export type HttpEnv = { Bindings: HttpBindings; Variables: { caller: Caller } };
type ApiContext = Context<HttpEnv>;

/**
 * A refused request. The text says what is wrong with the request, and names no account that the
 * caller did not name.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: 400 | 404;
  constructor(status: 400 | 404, text: string) {
    super(text);
    this.status = status;
  }
}

/**
 * Name of the actor for the audit record. The command line says which user it runs as; a page
 * cannot choose its name.
 */
export function actor(c: ApiContext, by?: string): string {
  if (c.get('caller').kind === 'page') return 'status page';
  return by === undefined || by === '' ? 'command line' : by;
}

export function done(c: ApiContext, outcome: AdminResult): Response {
  return c.json(outcome, outcome.ok ? 200 : 409);
}

export function orNotFound<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Refusal(404, `no such ${what}`);
  return value;
}

export function query<Value>(c: ApiContext, schema: z.ZodType<Value>): Value {
  return trusted(parse(schema, c.req.query()));
}

export function named(c: ApiContext, parameter: 'id' | 'name'): string {
  return trusted(parse(nameParameter, c.req.param(parameter)));
}

/** Parses the body. An empty body means `{}`, so that `curl -X POST …/release` works. */
export async function body<Value>(c: ApiContext, schema: z.ZodType<Value>): Promise<Value> {
  const text = await c.req.text();
  let value: unknown = {};
  try {
    if (text !== '') value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'the body is not valid JSON');
  }
  return trusted(parse(schema, value));
}

function trusted<Value>(
  parsed:
    | { readonly ok: true; readonly value: Value }
    | { readonly ok: false; readonly error: string },
): Value {
  if (!parsed.ok) throw new Refusal(400, parsed.error);
  return parsed.value;
}
