/** Asks the running guard over HTTP, for commands that can continue without an answer. */
import type { RunFile } from './run-file.ts';

export type AskedHow = { readonly method?: 'GET' | 'POST'; readonly deadlineMs?: number };

/** The JSON answer, also of a refused POST; undefined: no answer, or it is not JSON. */
export async function guardAnswer(
  run: RunFile,
  path: string,
  { method = 'GET', deadlineMs = 10_000 }: AskedHow = {},
): Promise<unknown> {
  try {
    const answer = await fetch(new URL(path, run.doors.http), {
      method,
      headers: { authorization: `Bearer ${run.token}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: '{}' } : {}),
      signal: AbortSignal.timeout(deadlineMs),
      redirect: 'error',
    });
    return method === 'POST' || answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads /metrics: gives the value of a sample without labels, 0 for a missing sample. Undefined: no
 * answer.
 */
export async function guardMetrics(run: RunFile): Promise<((name: string) => number) | undefined> {
  try {
    const answer = await fetch(new URL('/metrics', run.doors.http), {
      headers: { authorization: `Bearer ${run.token}` },
      signal: AbortSignal.timeout(10_000),
      redirect: 'error',
    });
    if (!answer.ok) return undefined;
    const text = await answer.text();
    return (name) => Number(new RegExp(`^${name} ([0-9.]+)`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}
