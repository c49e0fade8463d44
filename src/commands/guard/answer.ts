/** Asks the running guard, for commands that can continue without an answer. */
import { requestGuard } from './request.ts';
import type { RunFile } from './run-file.ts';

export type AskedHow = { readonly method?: 'GET' | 'POST'; readonly deadlineMs?: number };

/** The JSON answer, also of a refused POST; undefined: no answer, or it is not JSON. */
export async function guardAnswer(
  run: RunFile,
  path: string,
  { method = 'GET', deadlineMs = 10_000 }: AskedHow = {},
): Promise<unknown> {
  try {
    const body = method === 'POST' ? '{}' : '';
    const { status, text } = await requestGuard(run, { path, method, body, deadlineMs });
    return method === 'POST' || status === 200 ? JSON.parse(text) : undefined;
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
    const { status, text } = await requestGuard(run, { path: '/metrics', deadlineMs: 10_000 });
    if (status !== 200) return undefined;
    return (name) => Number(new RegExp(`^${name} ([0-9.]+)`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}
