/**
 * Which format of John's jumbo version tries a hash faster than crypt(3) or our own workers, and
 * how it is written there. Pure.
 */
import type { Hash, Trial } from './hash.ts';

type JohnForm = { readonly format: string; readonly text: string };

/** Schemes that the core version leaves to crypt(3), and formats of the same name. */
const native: ReadonlySet<string> = new Set(['sha256crypt', 'sha512crypt', 'sha1crypt']);
/**
 * John has room for 16 bytes of a salt, in some formats for 8; Dovecot's have 4, LDAP servers' 8.
 */
const saltDigitsMax = 16;

/** Undefined: as it is. The operator's John may lack the format. */
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
 * Handed to a John that has that format; in a group of its own, for all of a group are tried
 * together.
 */
export function forJohn(hash: Hash, formats: ReadonlySet<string>): Hash {
  const form = jumboForm(hash);
  if (form === undefined || !formats.has(form.format.toLowerCase())) return hash;
  return { ...hash, group: `${hash.group}:john`, tried: { by: 'john', ...form } };
}
