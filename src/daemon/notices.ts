/** The ways by which the operator is told, and the recognition of that mail. */
import type { Config } from '../config/schema.ts';
import { mailServerOf } from '../config/values.ts';
import type { GateDeps } from '../flow/account/message-submitted.ts';
import type { Notices } from '../flow/notices/notices.ts';
import { addressKey } from '../formats/message/address.ts';
import { noticeMail } from '../partners/notices/mail.ts';
import { noticeWebhook } from '../partners/notices/webhook.ts';
import { readSecretFile } from '../partners/secret-file.ts';
import type { NoticeChannel } from '../ports/mail-server.ts';

/** Recognises Postern's own notices that go to nobody but the operator. */
export function noticeCheck(
  { notices: { mail_to } }: Config,
  notices: Notices,
): GateDeps['isOurs'] {
  const operators = new Set(mail_to.map(addressKey));
  return ({ messageId, outside, local }) =>
    notices.isOurs(messageId) && [...outside, ...local].every((to) => operators.has(to));
}

export function noticeChannels(config: Config, host: string): readonly NoticeChannel[] {
  const { mail_to, webhook, webhook_format: format, webhook_secret_file } = config.notices;
  const channels: NoticeChannel[] = [];
  if (mail_to.length > 0) channels.push(noticeMail({ to: mail_to, ...mailServerOf(config, host) }));
  if (webhook !== '') {
    const secret = webhook_secret_file === '' ? '' : readSecretFile(webhook_secret_file);
    channels.push(noticeWebhook({ url: webhook, format, secret }));
  }
  return channels;
}
