/**
 * Reads a mail server's certificate as digests for TLSA records (RFC 6698), from its PEM file or
 * from the server after STARTTLS.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsDigest } from '../../core/identity/identity.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { fault, ok, type Result } from '../../lib/result.ts';

/** Long enough for a server with a banner delay. */
const deadlineMsDefault = 15_000;
/** A reply to EHLO has about 20 lines. */
const replyOctetsMax = 16_384;

/** Digests of the first certificate in a PEM file. Throws OperatorError `certificate`. */
export function digestsOfFile(path: string): readonly TlsDigest[] {
  try {
    return digestsOf(new X509Certificate(readFileSync(path)));
  } catch (cause) {
    throw new OperatorError('certificate', `cannot read a certificate from ${path}`, {
      cause,
      hint: 'name the PEM file of the certificate (smtpd_tls_chain_files or smtpd_tls_cert_file)',
      exit: sysexits.noInput,
    });
  }
}

/**
 * Digests for selectors 0 (the certificate) and 1 (its key), each as SHA-256 and SHA-512 (RFC 6698
 * sections 2.1.2 and 2.1.3).
 */
function digestsOf(certificate: X509Certificate): readonly TlsDigest[] {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return [certificate.raw, key].flatMap((bytes, selector) =>
    ['sha256', 'sha512'].map((name, nth) => ({
      selector,
      matching: nth + 1,
      association: createHash(name).update(bytes).digest('hex'),
    })),
  );
}

export type CertificateProbeOptions = { readonly port?: number; readonly deadlineMs?: number };

/**
 * Digests of the certificate that `host` shows after STARTTLS, or the reason why there are none.
 * Never rejects.
 */
export async function digestsShown(
  host: string,
  { port = 25, deadlineMs = deadlineMsDefault }: CertificateProbeOptions = {},
): Promise<Result<readonly TlsDigest[], string>> {
  const signal = AbortSignal.timeout(deadlineMs);
  const socket = connectTcp({ host, port, signal });
  try {
    await expected(socket, 220);
    socket.write('EHLO localhost.localdomain\r\n');
    await expected(socket, 250);
    socket.write('STARTTLS\r\n');
    await expected(socket, 220);
    return ok(digestsOf(await handshake(socket, host)));
  } catch (cause) {
    return fault(`${host}: ${signal.aborted ? 'does not answer in time' : faultText(cause)}`);
  } finally {
    socket.destroy();
  }
}

/** Waits for the next reply, whose last line must have this code. */
function expected(socket: Socket, code: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (fault?: unknown): void => {
      socket.off('data', read).off('error', end).off('close', gone);
      if (fault === undefined) resolve();
      else reject(fault);
    };
    const gone = (): void => end(new Error('it closed the connection'));
    const read = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const last = /(?:^|\n)(\d{3}(?: [^\n]*)?)\n/.exec(text)?.[1];
      if (text.length > replyOctetsMax) end(new Error('its reply is too long'));
      else if (last !== undefined) {
        end(last.startsWith(`${code}`) ? undefined : new Error(`it says ${last.trim()}`));
      }
    };
    socket.on('data', read).on('error', end).on('close', gone);
  });
}

/**
 * Does the TLS handshake. Any issuer is accepted, because a TLSA record names the certificate
 * itself.
 */
function handshake(socket: Socket, host: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket, servername: host, rejectUnauthorized: false }, () => {
      const certificate = secure.getPeerX509Certificate();
      if (certificate === undefined) reject(new Error('it has no certificate'));
      else resolve(certificate);
    });
    secure.once('error', reject);
    socket.once('close', () => reject(new Error('it closed the connection')));
  });
}
