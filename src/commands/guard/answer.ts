/**
 * What the running guard answers over HTTP to commands that look at it, or at Postfix, and go on
 * without an answer.
 */
import type { RunFile } from './run-file.ts';

export type AskedHow = { readonly method?: 'GET' | 'POST'; readonly deadlineMs?: number };

/** JSON; undefined where there is no answer, or it is none. A POST's refusal is an answer too. */
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
 * The value of a sample of /metrics without labels, 0 where there is none; undefined where there is
 * no answer.
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
