/** The ways by which the operator is told, and the recognition of that mail. */
import type { Config } from '../config/schema.ts';
import { mailServerOf } from '../config/values.ts';
import { type OwnCommand, ownCommands } from '../core/own-command.ts';
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

/** `own`: how the guard's commands are called. */
export function noticeChannels(
  config: Config,
  host: string,
  own: OwnCommand,
): readonly NoticeChannel[] {
  const { mail_to, webhook, webhook_format: format, webhook_secret_file } = config.notices;
  const channels: NoticeChannel[] = [];
  if (mail_to.length > 0)
    channels.push(noticeMail({ to: mail_to, ...mailServerOf(config, host), own }));
  if (webhook !== '') {
    const secret = webhook_secret_file === '' ? '' : readSecretFile(webhook_secret_file);
    channels.push(noticeWebhook({ url: webhook, format, secret, own }));
  }
  return channels.map((channel) => withOwnCommands(channel, own));
}

/** The same channel; the commands of each notice are as they work on this machine. */
function withOwnCommands(channel: NoticeChannel, own: OwnCommand): NoticeChannel {
  return {
    ...channel,
    send: (notice, signal) => {
      const { explain, falseAlarm, undo } = notice;
      const commands = {
        undo: ownCommands(undo, own),
        explain: ownCommands(explain, own),
        ...(falseAlarm === undefined ? {} : { falseAlarm: ownCommands(falseAlarm, own) }),
      };
      return channel.send({ ...notice, ...commands }, signal);
    },
  };
}
