/**
 * Tells a dead man's switch on another machine that all is well: one GET. A redirect is not
 * followed. The path may contain a secret, so only the origin is ever shown.
 */
const deadlineMs = 10_000;

/** Undefined if it was taken; else why not. */
export async function pingDeadMan(url: string): Promise<string | undefined> {
  const { origin } = new URL(url);
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { 'user-agent': 'postern' },
      signal: AbortSignal.timeout(deadlineMs),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `${origin} answered ${answer.status}`;
  } catch {
    return `${origin} did not answer`;
  }
}
