/** Settings of [passwords]: where passwords are stored, what the audit tries, what follows. */
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
        'Where passwords are stored, as KIND:PATH. KIND is one of shadow, passwd-' +
          'file, htpasswd, vpopmail, ldif, list, sql, ldap. Empty: what the ' +
          'configuration of the mail server names; see `postern passwords sources`.',
      ),
    john: optionalPath
      .default('')
      .describe(
        'Path of John the Ripper. Empty: searched for; the jumbo version is used ' +
          'where it is installed.',
      ),
    time: z
      .union([z.literal('never'), duration])
      .default('1h')
      .describe(
        'Longest time of one audit; the next audit continues where it stopped. never:' +
          ' it runs until everything was tried.',
      ),
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
        'Sections of John’s rules that vary common passwords, tried at the end. ' +
          'Empty: no variations.',
      ),
    top_list: optionalPath
      .default('')
      .describe(
        'File of common passwords, one a line, the most common first. Empty: John’s ' + 'own list.',
      ),
    leaked_lists: z
      .array(path)
      .max(100)
      .default([])
      .describe('Files of leaked passwords, one a line, that are tried on every account.'),
    range_files: optionalPath
      .default('')
      .describe(
        'SHA-1 ranges of leaked passwords ("Have I Been Pwned"): a folder with a file' +
          ' for each range, or one sorted file. Used by `passwords check`, and for ' +
          'accounts without a salt.',
      ),
    range_service: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .describe(
        'URL of a service that answers such ranges; it sees five of the forty digits ' +
          'of a hash. Empty: no service is asked.',
      ),
    languages: z
      .array(z.string().regex(/^[a-z]{2}(?:-[A-Za-z]{2,8})?$/, 'must be a language such as de'))
      .min(1)
      .max(10)
      .default(['en'])
      .describe(
        'Languages of the mail to the owner of a weak password; one mail has the text' +
          ' in each of them.',
      ),
    templates: optionalPath
      .default('')
      .describe(
        'Folder with a LANGUAGE.txt for each language of that mail; the first line is' +
          ' the subject. Empty: Postern’s own texts (en, de, fr, es, it, nl).',
      ),
    require_change_command: z
      .array(z.string().max(500))
      .max(50)
      .default([])
      .describe(
        'Program and arguments that make an account change its password, run without ' +
          'a shell; {account} is replaced by the login. Empty: none.',
      ),
    minimum_score: z
      .number()
      .int()
      .min(0)
      .max(4)
      .default(3)
      .describe('`passwords check` refuses a password that zxcvbn scores below this (0 to 4).'),
  })
  .prefault({});
