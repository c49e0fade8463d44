/** Settings of [scripts]: what becomes of mail that scripts of this machine send. */
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
        'observe: what scripts send is noted (`postern scripts list`), and nothing is held for it. guard: mail that no rule allows is held, and only a person lets it go. Where `mode` of the guard itself is observe, nothing is held either.',
      ),
    trusted_users: z
      .array(user)
      .max(1_000)
      .default([])
      .describe(
        'Users of this machine whose mail needs no rule while no script is known, such as logcheck. root, and so cron, is always one.',
      ),
    web_users: z
      .array(users)
      .max(10_000)
      .default(['www-data'])
      .describe(
        'Users that websites run as, for direct_connections. A * at the end of a name stands for its rest: web*.',
      ),
    direct_connections: z
      .enum(['attribute', 'refuse', 'ignore'])
      .default('attribute')
      .describe(
        'A process of web_users that speaks SMTP to this machine itself instead of calling sendmail. attribute: its mail counts as its user’s (user:www-data) and wants a rule; refuse: it is told to use sendmail; ignore: it is a client like any other.',
      ),
  })
  .prefault({});
