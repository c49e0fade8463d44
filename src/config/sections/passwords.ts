/** Settings of [passwords]: where they are, what is tried, and what follows from a weak one. */
import { z } from 'zod';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 10m, 1h or 2d');
const path = z.string().regex(/^\//, 'must be an absolute path');
const optionalPath = z.union([z.literal(''), path]);

export type PasswordSettings = {
  sources: string[];
  john: string;
  time: string;
  processors: number;
  rules: string[];
  top_list: string;
  leaked_lists: string[];
  range_files: string;
  range_service: string;
  languages: string[];
  templates: string;
  require_change_command: string[];
  minimum_score: number;
};

export const passwordSettings: z.ZodType<PasswordSettings> = z
  .strictObject({
    sources: z
      .array(z.string().regex(/^[\w-]+(?:,\w+=[^:,]+)*:.+$/, 'must be KIND:PATH'))
      .max(100)
      .default([])
      .describe(
        'Where passwords are kept, as KIND:PATH with KIND one of shadow, passwd-file, htpasswd, vpopmail, ldif, list, sql, ldap. Empty: what the server’s own configuration says; see `postern passwords sources`.',
      ),
    john: optionalPath
      .default('')
      .describe(
        'John the Ripper’s program. Empty: where programs are; the jumbo version is used where it is.',
      ),
    time: z
      .union([z.literal('never'), duration])
      .default('1h')
      .describe('An audit ends after this long, and the next goes on; never: when all is tried.'),
    processors: z
      .number()
      .int()
      .min(0)
      .max(1_024)
      .default(0)
      .describe('Processors that an audit may use, at the lowest priority. 0: half of them.'),
    rules: z
      .array(z.string().regex(/^\w[\w-]*$/, 'must be the name of a section [List.Rules:NAME]'))
      .max(20)
      .default(['Wordlist'])
      .describe(
        'Sections of John’s rules by which common passwords are varied at the end. Empty: none.',
      ),
    top_list: optionalPath
      .default('')
      .describe('Common passwords, the commonest first, one a line. Empty: John’s own list.'),
    leaked_lists: z
      .array(path)
      .max(100)
      .default([])
      .describe('Files of leaked passwords, one a line, that are tried on every account.'),
    range_files: optionalPath
      .default('')
      .describe(
        'SHA-1 ranges of leaked passwords ("Have I Been Pwned"): a folder with a file for each range, or one sorted file. For `passwords check`, and for accounts without a salt.',
      ),
    range_service: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .describe(
        'Service that is asked for such a range; five of forty digits leave this server. Empty: nobody is asked.',
      ),
    languages: z
      .array(z.string().regex(/^[a-z]{2}(?:-[A-Za-z]{2,8})?$/, 'must be a language such as de'))
      .min(1)
      .max(10)
      .default(['en'])
      .describe(
        'Languages of the mail to the owner of a weak password, one after another in one mail.',
      ),
    templates: optionalPath
      .default('')
      .describe(
        'Folder with LANGUAGE.txt for that mail; first line the subject. Empty: our own (en, de, fr, es, it, nl).',
      ),
    require_change_command: z
      .array(z.string().max(500))
      .max(50)
      .default([])
      .describe(
        'Program and arguments by which an account must change its password; {account} stands for its login. Without a shell. Empty: none.',
      ),
    minimum_score: z
      .number()
      .int()
      .min(0)
      .max(4)
      .default(3)
      .describe('`passwords check` refuses what zxcvbn scores below this (0 to 4).'),
  })
  .prefault({});
