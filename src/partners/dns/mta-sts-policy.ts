/**
 * Fetches an MTA-STS policy as senders do (RFC 8461 section 3.3): by HTTPS with a valid
 * certificate, without redirects. Never rejects; after a temporary failure the policy is unknown.
 */
import type { PolicyFile } from '../../core/identity/identity.ts';
import { faultText } from '../../lib/error-text.ts';

/** Senders wait a minute, but a person at a terminal does not. */
const deadlineMsDefault = 10_000;
/** RFC 8461 suggests that senders limit the size to 64 KB. */
const octetsMax = 65_536;

export type FetchPolicyOptions = {
  readonly fetcher?: typeof fetch;
  readonly deadlineMs?: number;
};

export async function fetchMtaStsPolicy(
  domain: string,
  { fetcher = fetch, deadlineMs = deadlineMsDefault }: FetchPolicyOptions = {},
): Promise<PolicyFile> {
  const url = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await fetcher(url, { redirect: 'manual', signal });
    if (answer.status === 404) return { kind: 'none', why: `${url} does not exist (404)` };
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return { kind: 'unknown', why: `${url} answers ${answer.status}` };
    }
    return { kind: 'text', text: await bounded(answer) };
  } catch (cause) {
    const why = faultText(
      cause instanceof Error && cause.cause !== undefined ? cause.cause : cause,
    );
    const code = codeOf(cause);
    const nobody = code === 'ENOTFOUND' || code === 'ECONNREFUSED';
    return { kind: nobody ? 'none' : 'unknown', why: `${url}: ${why}` };
  }
}

function codeOf(cause: unknown): unknown {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  return typeof inner === 'object' && inner !== null && 'code' in inner ? inner.code : undefined;
}

/** Reads the text, up to a little more than is allowed. */
async function bounded(answer: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for await (const bytes of answer.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > octetsMax) break;
  }
  return text;
}
