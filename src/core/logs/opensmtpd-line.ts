/**
 * Turns lines of OpenSMTPD (6.4 and later) into facts. A message's id takes the place of Postfix's
 * queue id. Lines of a session are joined: client and login stand in other lines than the message.
 * Never throws.
 *
 *   SESSION smtp connected address=192.0.2.7 host=pc
 *   SESSION smtp authentication user=joe result=ok
 *   SESSION smtp message msgid=1a2b3c4d size=900 nrcpt=1 proto=ESMTP
 *   SESSION smtp envelope evpid=1a2b3c4d5e6f7081 from=<joe@here> to=<a@world>
 *   SESSION mta delivery evpid=… from=<> to=<> … relay="" delay=1s result="Ok" stat=""
 */
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { type Account, accountNamed, type DefaultDomain } from '../account-name.ts';
import { delaySeconds, isHere } from './delivery-words.ts';
import { nextIdOf } from './postfix-delivery.ts';
import { type LineFacts, noFacts } from './postfix-line.ts';

const head = /^([0-9a-f]{16}) (smtp|mta|mda) ([a-z-]{2,30})(?: |$)/;
const connected = /^address=(\S{1,80}) host=/;
const authentication = /^user=(.{1,256}) result=(ok|permfail|tempfail)$/s;
const message = /^msgid=([0-9a-f]{8}) size=(\d{1,15}) nrcpt=(\d{1,9})/;
const envelope = /^evpid=([0-9a-f]{8})[0-9a-f]{8} from=<(.{0,400})> to=<.{0,400}>/s;
const tried = /^evpid=([0-9a-f]{8})[0-9a-f]{8} from=<(.{0,400}?)> to=<(.{0,400}?)> /s;
const finalRecipient = /^rcpt=<(.{0,400}?)> /s;
const source = /(?:^| )source="([^"]{0,100})"/;
const relay = / relay="([0-9A-Fa-f:.]{2,45})(?: \(([^()"]{1,255})\))?"/;
const delay = /(?:^| )delay=(?:(\d{1,5})d)?(?:(\d{1,3})h)?(?:(\d{1,3})m)?(?:(\d{1,9})s)?/;
const result = / result="?(Ok|TempFail|PermFail|[A-Za-z]{1,20})"?,? stat="?/;
const enhanced = /(?:^|\s)([245]\.\d{1,3}\.\d{1,3})(?= |$)/;
const failedCommand = /^command="([^"]{0,200})" result="(\d{3} [^"]{0,400})"/;
/** Known lines without a session. */
const plain = new RegExp(
  '^(?:info|warn|debug|fatal|smtp-in|smtp-out|mta|mda|lookup|setup|control|queue|scheduler|ca' +
    String.raw`|pony|dispatcher|OpenSMTPD|smtp|bounce|filter|\w{1,40}: )`,
);

type Session = { readonly client: string; login: Account | undefined };

const sessionsMax = 10_000;
/** Messages that an envelope line told; the lines of its other recipients say nothing new. */
const messagesMax = 20_000;

export class OpensmtpdReader {
  readonly #sessions = new RecentMap<string, Session>(sessionsMax);
  /** Size and number of recipients of messages whose sender is not told yet. */
  readonly #messages = new RecentMap<string, { readonly size: number; readonly count: number }>(
    messagesMax,
  );

  read(text: string, defaultDomain: DefaultDomain): LineFacts {
    const found = head.exec(text);
    if (found === null) return plain.test(text) ? noFacts : undefined;
    const [start, session = '', part, event] = found;
    const rest = text.slice(start.length);
    if (part !== 'smtp') return event === 'delivery' ? deliveryOf(part ?? '', rest) : noFacts;
    switch (event) {
      case 'connected':
        return this.#connected(session, rest);
      case 'authentication':
        return this.#login(session, rest, defaultDomain);
      case 'message':
        return this.#message(session, rest);
      case 'envelope':
        return this.#envelope(rest);
      case 'failed-command':
        return this.#refused(session, rest);
      default:
        return noFacts;
    }
  }

  #connected(session: string, text: string): LineFacts {
    const address = connected.exec(text)?.[1];
    if (address === undefined) return undefined;
    const client = address === 'local' ? '' : clientAddress(address);
    this.#sessions.set(session, { client, login: undefined });
    return noFacts;
  }

  #login(session: string, text: string, defaultDomain: DefaultDomain): LineFacts {
    const [, user = '', how] = authentication.exec(text) ?? [];
    if (how === undefined) return undefined;
    if (how === 'tempfail') return noFacts; // no password was checked
    const account = accountNamed(user, defaultDomain);
    const known = this.#sessions.get(session);
    const client = known?.client ?? '';
    if (how === 'ok' && account !== undefined) {
      this.#sessions.set(session, { client, login: account });
    }
    return client === ''
      ? noFacts
      : [{ kind: 'login', account, client, ok: how === 'ok', times: 1, protocol: 'smtp' }];
  }

  #message(session: string, text: string): LineFacts {
    const [, id = '', size, count] = message.exec(text) ?? [];
    if (count === undefined) return undefined;
    const known = this.#sessions.get(session);
    this.#messages.set(id, { size: Number(size), count: Number(count) });
    return [
      {
        kind: 'entered',
        queueId: id,
        service: 'opensmtpd/smtp',
        client: known?.client ?? '',
        firstClient: '',
        login: known?.login,
        uid: undefined,
        previousId: '',
      },
    ];
  }

  /** The first envelope of a message tells its sender. OpenSMTPD writes it after the message. */
  #envelope(text: string): LineFacts {
    const [, id = '', sender] = envelope.exec(text) ?? [];
    if (sender === undefined) return undefined;
    const known = this.#messages.get(id);
    if (known === undefined || known.count === 0) return noFacts;
    this.#messages.set(id, { size: 0, count: 0 });
    const from = addressKey(sender);
    return [
      {
        kind: 'queued',
        queueId: id,
        sender: from,
        sizeBytes: known.size,
        recipientCount: known.count,
      },
    ];
  }

  #refused(session: string, text: string): LineFacts {
    const [, command = '', reply = ''] = failedCommand.exec(text) ?? [];
    const stage = /^(MAIL|RCPT|DATA|EHLO|HELO)/i.exec(command)?.[1]?.toUpperCase();
    if (stage === undefined) return noFacts;
    const known = this.#sessions.get(session);
    const path = addressKey(/<([^<>]{0,400})>/.exec(command)?.[1] ?? '');
    return [
      {
        kind: 'rejected',
        queueId: '',
        stage,
        byMilter: false,
        client: known?.client ?? '',
        sender: stage === 'MAIL' ? path : '',
        recipient: stage === 'RCPT' ? path : '',
        login: known?.login,
        reply,
      },
    ];
  }
}

function deliveryOf(part: string, text: string): LineFacts {
  const ahead = tried.exec(text);
  if (ahead === null) return undefined;
  const [start, queueId = '', , to = ''] = ahead;
  const final = finalRecipient.exec(text.slice(start.length));
  const rest = text.slice(start.length + (final?.[0].length ?? 0));
  const how = result.exec(rest);
  if (how === null) return undefined;
  const fields = rest.slice(0, how.index);
  const word = how[1];
  const reply = rest.slice(how.index + how[0].length).replace(/"$/, '');
  const outcome = word === 'Ok' ? 'sent' : word === 'PermFail' ? 'bounced' : 'deferred';
  const mx = relay.exec(fields);
  const own = source.exec(fields)?.[1] ?? '';
  const original = final?.[1] === undefined || final[1] === '-' ? to : final[1];
  const address = mx?.[1] === undefined ? '' : clientAddress(mx[1]);
  const isOwn = isHere(address);
  const nextId = outcome === 'sent' ? nextIdOf(reply) : '';
  return [
    {
      kind: 'delivery',
      queueId,
      recipient: addressKey(to),
      original: addressKey(original),
      outcome,
      reply,
      requeuedAs: isOwn ? nextId : '',
      service: part === 'mda' ? 'opensmtpd/local' : 'opensmtpd/smtp',
      relay: part === 'mta' && mx === null ? 'none' : isOwn ? 'here' : 'other',
      nextId,
      status: enhanced.exec(reply)?.[1] ?? '',
      mxHost: mx?.[2] ?? '',
      mxAddress: address,
      from: own === '-' || own === '' ? '' : clientAddress(own),
      delaySeconds: delaySeconds(delay.exec(fields)),
    },
  ];
}
