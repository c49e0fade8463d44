/**
 * What the routes below /api have in common: who asks, what he said, parsed or refused, and how a
 * deed is answered.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type * as z from 'zod';
import type { Done } from '../../ports/admin.ts';
import { nameParameter, parse } from './requests.ts';
import type { Session } from './session.ts';

/** Who passed the check: a bearer of the token, or a signed-in page. */
export type Caller =
  | { readonly kind: 'bearer' }
  | { readonly kind: 'page'; readonly session: Session };
export type HttpEnv = { Bindings: HttpBindings; Variables: { caller: Caller } };
type Asked = Context<HttpEnv>;

/**
 * A refusal: the text says what is wrong with the request, so it never names accounts that were not
 * asked for.
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
 * Who did it, for the record. A page cannot name itself; the command line says which user it runs
 * as.
 */
export function actor(c: Asked, by?: string): string {
  if (c.get('caller').kind === 'page') return 'status page';
  return by === undefined || by === '' ? 'command line' : by;
}

export function done(c: Asked, outcome: Done): Response {
  return c.json(outcome, outcome.ok ? 200 : 409);
}

export function orNotFound<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Refusal(404, `no such ${what}`);
  return value;
}

export function query<Value>(c: Asked, schema: z.ZodType<Value>): Value {
  return trusted(parse(schema, c.req.query()));
}

export function named(c: Asked, parameter: 'id' | 'name'): string {
  return trusted(parse(nameParameter, c.req.param(parameter)));
}

/** An empty body stands for `{}`: `curl -X POST …/release` should just work. */
export async function body<Value>(c: Asked, schema: z.ZodType<Value>): Promise<Value> {
  const text = await c.req.text();
  let value: unknown = {};
  try {
    if (text !== '') value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'the body is not JSON');
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
