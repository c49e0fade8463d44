/** The ways by which operators and owners are told, and the recognition of that mail. */
import type { Config } from '../config/schema.ts';
import { mailServerOf } from '../config/values.ts';
import type { Account } from '../core/account-name.ts';
import { type OwnCommand, ownCommands } from '../core/own-command.ts';
import type { Accounts } from '../flow/account/accounts.ts';
import type { GateDeps } from '../flow/account/message-submitted.ts';
import type { Journal } from '../flow/journal/journal.ts';
import { type Notices, openNotices } from '../flow/notices/notices.ts';
import { type NoticeLog, openNoticeLog } from '../flow/notices/operator-told.ts';
import { openPassedTold } from '../flow/notices/passed-told.ts';
import type { Settings } from '../flow/settings.ts';
import { addressKey } from '../formats/message/address.ts';
import type { Millis } from '../lib/time.ts';
import { noticeMail } from '../partners/notices/mail.ts';
import { noticeOwner } from '../partners/notices/owner.ts';
import { userMail } from '../partners/notices/user-mail.ts';
import { noticeWebhook } from '../partners/notices/webhook.ts';
import { readSecretFile } from '../partners/secret-file.ts';
import type { NoticeChannel, OwnerChannel, UserMail } from '../ports/mail-server.ts';
import type { DaemonParts } from './base/options.ts';

export type DaemonNotices = {
  readonly notices: Notices;
  readonly told: NoticeLog;
  readonly telling: GateDeps['telling'];
  readonly userMail: UserMail;
};

/** Opens what tells operators, owners and users. */
export function openDaemonNotices(
  { config, host, own, scope, world }: DaemonParts,
  given: {
    readonly accounts: Pick<Accounts, 'known'>;
    readonly journal: Journal;
    readonly localDomains: ReadonlySet<string>;
    readonly settings: Settings;
    readonly iso: (at: Millis) => string;
  },
): DaemonNotices {
  const { accounts, iso, journal, localDomains, settings } = given;
  const userMail = userMailOf(config, host, world.newId);
  const owner = ownerChannel(config, userMail, { host, localDomains });
  const notices = openNotices({
    world,
    journal,
    channels: noticeChannels(config, host, own),
    ...(owner === undefined ? {} : { owner }),
    pageUrl: config.notices.page_url,
    isSuspended: (account) => accounts.known(account as Account)?.state === 'suspended',
  });
  scope.defer(() => notices.close());
  const deps = { notices, world, host, iso };
  const telling = openPassedTold({ ...deps, settings });
  return { notices, told: openNoticeLog(deps), telling, userMail };
}

/**
 * Recognises Postern's own mail: notices that go to nobody but the operator, and mail to a user
 * while it is sent.
 */
export function noticeCheck(
  { notices: { mail_to } }: Config,
  notices: Notices,
  users: Pick<UserMail, 'isOurs'>,
): GateDeps['isOurs'] {
  const operators = new Set(mail_to.map(addressKey));
  return ({ messageId, outside, local }) =>
    (messageId !== undefined && users.isOurs(messageId)) ||
    (notices.isOurs(messageId) && [...outside, ...local].every((to) => operators.has(to)));
}

/** The Postfix on this machine takes mail to users, wherever notices go. */
function userMailOf(config: Config, host: string, newId: () => string): UserMail {
  const { from, host: server, port } = mailServerOf(config, host);
  const isHere = server === 'localhost' || server.startsWith('127.');
  return userMail({ port: isHere ? port : 25, from, host, newId });
}

/** The way to the owners of accounts, if they are told. */
function ownerChannel(
  { contact, notices, passwords }: Config,
  mail: Pick<UserMail, 'send'>,
  here: { readonly host: string; readonly localDomains: ReadonlySet<string> },
): OwnerChannel | undefined {
  if (!notices.owners) return undefined;
  return noticeOwner({ ...here, contact, languages: passwords.languages, mail });
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
