/** Settings of [notices]: how the operator is told. */
import { z } from 'zod';
import { type WebhookFormat, webhookFault, webhookFormats } from '../../core/notice-format.ts';

const address = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be a mail address');

export type NoticeSettings = {
  mail_to: string[];
  mail_from: string;
  mail_server: string;
  webhook: string;
  webhook_format: WebhookFormat;
  webhook_secret_file: string;
  page_url: string;
  owners: boolean;
};

export const noticeSettings: z.ZodType<NoticeSettings> = z
  .strictObject({
    mail_to: z.array(address).default([]).describe('Mail addresses that notices are sent to.'),
    mail_from: z.string().default('').describe('Sender of notices. Empty: postern@HOST.'),
    mail_server: z
      .string()
      .regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT')
      .default('127.0.0.1:25')
      .describe('Mail server that delivers notices, as HOST:PORT.'),
    webhook: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .describe(
        'Second channel: a URL that receives each notice by HTTP, so that notices arrive even ' +
          'when mail is blocked.',
      ),
    webhook_format: z
      .enum(webhookFormats)
      .default('json')
      .describe(
        'What the service at that URL takes. json: the notice as data, for a program of yours. ' +
          'slack, mattermost, matrix, ntfy, telegram: a message of that service.',
      ),
    webhook_secret_file: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe(
        'File with a secret; only Postern may read it. json: signs the POST ' +
          '(X-Postern-Signature). matrix, ntfy: the access token. telegram: the token of the bot.',
      ),
    page_url: z
      .union([
        z.literal(''),
        z.string().regex(/^https?:\/\/[^\s/?#]+\/?$/, 'must be http://HOST:PORT'),
      ])
      .default('')
      .describe(
        'Address under which you open the status page, such as http://127.0.0.1:9902 through ' +
          'an SSH tunnel. Notices then have a link to the incident, account or provider. Empty: ' +
          'no links.',
      ),
    owners: z
      .boolean()
      .default(false)
      .describe(
        'true: an account whose name is an address of this server gets mail when a client that ' +
          'is new to it sends, and when one text goes to many people. Languages: ' +
          'passwords.languages. false: `postern accounts show NAME` says so.',
      ),
  })
  .superRefine(({ webhook, webhook_format, webhook_secret_file }, context) => {
    const fault = webhookFault(webhook_format, webhook, webhook_secret_file !== '');
    if (fault !== undefined) {
      const message = `for webhook_format = "${webhook_format}" it ${fault}`;
      context.addIssue({ code: 'custom', path: ['webhook'], message });
    }
  })
  .prefault({});
