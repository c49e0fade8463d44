/**
 * Translates a hash into the format of John's jumbo version that tries it faster than crypt(3) or
 * our own workers. Pure.
 */
import type { Hash, Trial } from './hash.ts';

type JohnForm = { readonly format: string; readonly text: string };

/** Schemes that John's core version leaves to crypt(3), and that jumbo has formats for. */
const native: ReadonlySet<string> = new Set(['sha256crypt', 'sha512crypt', 'sha1crypt']);
/**
 * Hex digits of the longest salt: 8 bytes. Some formats of John take no more. Dovecot's salts have
 * 4 bytes, those of LDAP servers 8.
 */
const saltDigitsMax = 16;

/** Undefined if jumbo has no faster format. The operator's John may still lack the one given. */
function jumboForm({ scheme, tried }: Hash): JohnForm | undefined {
  if (tried.by === 'workers') return formOf(tried.trial);
  return native.has(scheme) ? { format: scheme, text: tried.text } : undefined;
}

function formOf(trial: Trial): JohnForm | undefined {
  switch (trial.kind) {
    case 'apr1':
      return { format: 'md5crypt', text: `$apr1$${trial.salt}$${trial.digest}` };
    case 'pbkdf2': {
      const { algorithm, rounds, salt, digest } = trial;
      if (algorithm !== 'sha1') return undefined;
      return { format: 'PBKDF2-HMAC-SHA1', text: `$pbkdf2-hmac-sha1$${rounds}.${salt}.${digest}` };
    }
    case 'digest': {
      const { algorithm, before, salt, digest } = trial;
      if (before !== '' || salt === '' || salt.length > saltDigitsMax) return undefined;
      const text = Buffer.from(digest + salt, 'hex').toString('base64');
      if (algorithm === 'sha1') return { format: 'Salted-SHA1', text: `{SSHA}${text}` };
      if (algorithm === 'sha512') return { format: 'SSHA512', text: `{SSHA512}${text}` };
      return undefined;
    }
    default:
      return undefined;
  }
}

/**
 * The hash as this John tries it: in the faster format if `formats` has it. Such hashes are a group
 * of their own, because a group is tried together.
 */
export function forJohn(hash: Hash, formats: ReadonlySet<string>): Hash {
  const form = jumboForm(hash);
  if (form === undefined || !formats.has(form.format.toLowerCase())) return hash;
  return { ...hash, group: `${hash.group}:john`, tried: { by: 'john', ...form } };
}
