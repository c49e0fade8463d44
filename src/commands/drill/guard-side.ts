/** The running guard, as a drill asks it. Every answer is an answer, never an exception. */
import { setTimeout as wait } from 'node:timers/promises';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { CanaryTraces, DrillView } from '../../ports/drill/drill.ts';
import { connectToGuard, type GuardClient } from '../guard/client.ts';
import type { RunFile } from '../guard/run-file.ts';

/** Undefined fault: it was done. */
export type Said = {
  readonly fault: string | undefined;
  readonly hint: string | undefined;
  readonly text: string;
};

export type GuardSide = AsyncDisposable & {
  readonly run: RunFile;
  begin(): Promise<Said>;
  do(what: 'suspend' | 'release' | 'end'): Promise<Said>;
  notice(body: Readonly<Record<string, unknown>>): Promise<Said>;
  view(): Promise<DrillView>;
  traces(): Promise<CanaryTraces>;
  channels(): Promise<readonly string[]>;
  /** Asks again and again until it is so, at most this long. Answers with the last view. */
  until(isSo: (view: DrillView) => boolean, ms: number): Promise<DrillView>;
};

/** The guard ends a drill that nobody asks about. */
const heartbeatMs = 1_000;
const lookEveryMs = 100;

/** Throws OperatorError if no guard can be asked. */
export async function openGuardSide(state: string): Promise<GuardSide> {
  const client = await connectToGuard(state);
  const act = (path: string, body = {}): Promise<Said> => said(client, path, body);
  const view = (): Promise<DrillView> => client.read<DrillView>('/drill');
  const heart = setInterval(() => void view().catch(() => undefined), heartbeatMs);
  heart.unref();
  return {
    run: client.run,
    begin: () => act('/drill/begin'),
    do: (what) => act(`/drill/${what}`),
    notice: (body) => act('/drill/notice', body),
    view,
    traces: () => client.read<CanaryTraces>('/drill/traces'),
    channels: async () =>
      (await client.read<{ readonly channels: readonly string[] }>('/drill/channels')).channels,
    async until(isSo, ms) {
      const deadline = Date.now() + ms;
      while (true) {
        const now = await view();
        if (isSo(now) || Date.now() >= deadline) return now;
        await wait(lookEveryMs);
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heart);
    },
  };
}

async function said(
  client: GuardClient,
  path: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Said> {
  try {
    const { text } = await client.act(path, body);
    return { fault: undefined, hint: undefined, text };
  } catch (error) {
    const hint = error instanceof OperatorError ? error.hint : undefined;
    return { fault: faultText(error), hint, text: '' };
  }
}
