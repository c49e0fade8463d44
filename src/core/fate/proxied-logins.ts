/**
 * Logins whose mail goes through a filter before the queue (smtpd_proxy_filter). The line of the
 * login has no queue id; the filter hands the message to a second smtpd, whose line may name the
 * client of the first. Each login answers for one message.
 */
import { addressKey } from '../../formats/message/address.ts';
import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import type { JoinedMail } from './joined-mail.ts';

/** Clients that are remembered: at least as many, at most twice. */
const clientsMax = 5_000;
/** Logins of one client that wait for their message. */
const loginsMax = 200;
/** Logins of all clients, for filters that do not name the client. */
const anyMax = 500;
/** Postfix waits 100 seconds for the filter (smtpd_proxy_timeout); large mail takes longer. */
const waitMs = 10 * minuteMs;
const slackMs = 2 * secondMs;

type ProxiedLogin = {
  readonly at: Millis;
  readonly client: string;
  readonly login: Account;
  isClaimed: boolean;
};

export class ProxiedLogins {
  readonly #byClient = new RecentMap<string, ProxiedLogin[]>(clientsMax);
  #any: ProxiedLogin[] = [];

  add(client: string, login: Account, at: Millis): void {
    const one: ProxiedLogin = { at, client, login, isClaimed: false };
    const known = this.#byClient.get(client) ?? [];
    this.#byClient.set(client, [...waiting(known, at), one].slice(-loginsMax));
    this.#any = [...(this.#any.length < anyMax ? this.#any : waiting(this.#any, at)), one];
    if (this.#any.length > anyMax) this.#any = this.#any.slice(-anyMax / 2);
  }

  /** Gives the message the login that handed it in, if there is one; its sender must be known. */
  claim(mail: JoinedMail): void {
    if (this.#any.length === 0) return;
    const isNamed = mail.firstClient !== '';
    // Strangers write any sender: without the name of the client, the filter must be near.
    if (!isNamed && !isOwnByDefault(mail.client)) return;
    const all = isNamed ? (this.#byClient.get(mail.firstClient) ?? []) : this.#any;
    const near = waiting(all, mail.at).filter(({ at }) => at <= mail.at + slackMs);
    const own = near.find(({ login }) => isOf(login, mail.sender));
    // Without the name of the client, only the sender tells.
    const found = own ?? (isNamed ? near[0] : undefined);
    if (found === undefined) return;
    found.isClaimed = true;
    mail.origin = 'login';
    mail.account = found.login;
    if (!isNamed) mail.firstClient = found.client;
  }
}

function waiting(logins: readonly ProxiedLogin[], now: Millis): ProxiedLogin[] {
  return logins.filter(({ at, isClaimed }) => !isClaimed && at >= now - waitMs);
}

function isOf(login: Account, sender: string): boolean {
  if (sender === '') return false;
  const name = addressKey(login);
  return name === sender || (!login.includes('@') && sender.startsWith(`${name}@`));
}
