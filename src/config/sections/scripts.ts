/** Settings of [scripts]: how Postern treats mail that scripts of this machine send. */
import { z } from 'zod';
import { type ScriptMode, scriptModes } from '../../core/scripts/rules.ts';

const user = z.string().regex(/^[a-z_][\w.-]{0,63}$/i, 'must be the name of a user');
const users = z.string().regex(/^[a-z_][\w.-]{0,63}\*?$/i, 'must be the name of a user');

export type ScriptsSection = {
  mode: ScriptMode;
  trusted_users: string[];
  web_users: string[];
  direct_connections: 'attribute' | 'refuse' | 'ignore';
};

export const scriptSettings: z.ZodType<ScriptsSection> = z
  .strictObject({
    mode: z
      .enum(scriptModes)
      .default('observe')
      .describe(
        'observe: Postern records which script sends (`postern scripts list`) and ' +
          'holds nothing for it. guard: mail that no rule allows is held until an ' +
          'operator releases or drops it. While `mode` at the top of the file is ' +
          'observe, nothing is held either way.',
      ),
    trusted_users: z
      .array(user)
      .max(1_000)
      .default([])
      .describe(
        'Users of this machine whose mail needs no rule while no script is known, ' +
          'such as logcheck. root, and with it cron, is always one.',
      ),
    web_users: z
      .array(users)
      .max(10_000)
      .default(['www-data'])
      .describe(
        'Users that websites run as, for direct_connections. A * at the end matches ' +
          'any rest of the name: web*.',
      ),
    direct_connections: z
      .enum(['attribute', 'refuse', 'ignore'])
      .default('attribute')
      .describe(
        'How to treat a process of web_users that speaks SMTP to this machine instead' +
          ' of calling sendmail. attribute: its mail counts as mail of its user ' +
          '(user:www-data) and needs a rule. refuse: it is told to use sendmail. ' +
          'ignore: it is treated like any other client.',
      ),
  })
  .prefault({});
