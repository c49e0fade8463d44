/**
 * Asks other signers to sign a message: OpenDKIM in its test mode, a running rspamd over HTTP. They
 * answer with the DKIM-Signature fields that they would add.
 */
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { secondMs } from '../../lib/time.ts';
import { programOutput } from '../program.ts';

const opendkim = '/usr/sbin/opendkim';
/** One message. rspamd may wait for the DNS. */
const askMs = 30 * secondMs;
/** Exit codes of OpenDKIM's test mode for a message that it does not pass on. */
const refused = [69, 70, 75];
/** The longest answer of rspamd that is read; it has every symbol and its options. */
const answerOctetsMax = 1_048_576;

/** The fields that OpenDKIM with this configuration adds; none if it does not sign. */
export async function signedByOpendkim(
  configuration: string,
  message: string,
): Promise<readonly string[]> {
  const lines = await programOutput({
    program: opendkim,
    args: ['-x', configuration, '-b', 's', '-vv', '-t', '-'],
    input: message,
    folder: '/',
    signal: AbortSignal.timeout(askMs),
    errors: 'lines',
    fine: refused,
  });
  const text = lines.join('\r\n');
  if (/mlfi_\w+\(\) returned SMFIS_TEMPFAIL/.test(text)) {
    throw new OperatorError('opendkim', 'defers the message: a key is missing, or is not safe', {
      exit: sysexits.unavailable,
    });
  }
  return [...text.matchAll(/^### INSHEADER: .*hname='DKIM-Signature' hvalue='([^']*)'/gm)].map(
    ([, value = '']) => ` ${value}`,
  );
}

/** The fields that the rspamd at this URL adds to mail of this machine, or of a login. */
export async function signedByRspamd(
  url: string,
  message: string,
  from: string,
): Promise<readonly string[]> {
  const around = { From: `<${from}>`, IP: '127.0.0.1' };
  const local = await askRspamd(url, message, around);
  return local.length > 0 ? local : askRspamd(url, message, { ...around, User: from });
}

async function askRspamd(
  url: string,
  message: string,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const failed = (why: string, cause?: unknown): OperatorError =>
    new OperatorError('rspamd', `rspamd at ${url} ${why}`, { cause, exit: sysexits.unavailable });
  let fields: unknown;
  try {
    const place = new URL('/checkv2', url);
    const signal = AbortSignal.timeout(askMs);
    const answer = await fetch(place, { method: 'POST', body: message, headers, signal });
    if (!answer.ok) throw failed(`answered with status ${answer.status}`);
    const text = await bodyOf(answer);
    if (text === undefined) throw failed('sent more than a megabyte');
    fields = (JSON.parse(text) as Record<string, unknown> | null)?.['dkim-signature'];
  } catch (cause) {
    if (cause instanceof SyntaxError) throw failed('sent no answer of rspamd', cause);
    throw cause instanceof OperatorError ? cause : failed('cannot be asked', cause);
  }
  const all: readonly unknown[] = Array.isArray(fields) ? fields : [fields];
  return all.filter((one): one is string => typeof one === 'string').map((one) => ` ${one}`);
}

/** Undefined if it is too long; the rest is then not read. */
async function bodyOf(answer: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of answer.body ?? []) {
    octets += chunk.length;
    if (octets > answerOctetsMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
