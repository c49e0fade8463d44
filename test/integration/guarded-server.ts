/**
 * A whole mail server with the guard in front of the world: sink, Dovecot, Postfix, and a guard
 * that knows its people for a month, connected by `postern connect postfix`. The operator gets
 * notices by mail (`op@world.test`, through the same Postfix) and by webhook. Mail for `slow.test`
 * waits in the queue while `slow.on`.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Notice } from '../../src/core/notice.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { type GuardInstance, type GuardOptions, startGuard } from './guard-instance.ts';
import { type Person, writePast } from './guard-past.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, type PostfixOptions, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Sent, type SmtpClient, type TestMessage } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

export const password = 'secret';
export const operatorAddress = 'op@world.test';

export type GuardedServer = AsyncDisposable & {
  readonly sink: Sink;
  readonly dovecot: DovecotInstance;
  readonly postfix: PostfixInstance;
  readonly state: string;
  readonly webhook: WebhookListener;
  readonly slow: { on: boolean };
  /** The guard that runs now; undefined between a kill and a start. */
  guard: GuardInstance;
  startGuard(): Promise<GuardInstance>;
  login(account: string, from?: string): Promise<SmtpClient>;
};

export type ServerOptions = {
  readonly people: readonly Person[];
  readonly mode?: 'observe' | 'guard';
  /** More lines of TOML, sections last. */
  readonly config?: string;
  /** More lines of [notices]. */
  readonly notices?: string;
  readonly guard?: Pick<GuardOptions, 'words' | 'through'>;
  /** Puts more into the state folder, before the guard starts. */
  readonly prepare?: (state: string) => Promise<void>;
  readonly keepMessages?: boolean;
  /** More of main.cf, given the port that all mail goes to. */
  readonly settings?: (sink: number) => Readonly<Record<string, string>>;
  /** More of Postfix: `services` of master.cf, and options of the services that are there. */
  readonly postfix?: Pick<PostfixOptions, 'services' | 'smtp' | 'submission'>;
  /** False: nothing is connected yet. */
  readonly connect?: boolean;
  /** A reply line such as `550 5.1.1 no such user` refuses this recipient. */
  readonly refuse?: (recipient: string) => string | undefined;
};

export async function startGuardedServer(options: ServerOptions): Promise<GuardedServer> {
  await using scope = new AsyncDisposableStack();
  const state = await mkdtemp(join(tmpdir(), 'pgs-'));
  scope.defer(() => rm(state, { recursive: true, force: true }));
  const slow = { on: false };
  const refuse = (recipient: string): string | undefined =>
    slow.on && recipient.endsWith('@slow.test') ? '450 4.2.0 later' : options.refuse?.(recipient);
  const sink = scope.use(await startSink({ refuse, keepMessages: options.keepMessages ?? false }));
  const users = Object.fromEntries(options.people.map(({ account }) => [account, password]));
  const dovecot = scope.use(await startDovecot({ users }));
  const postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      settings: options.settings?.(sink.port) ?? {},
      ...options.postfix,
    }),
  );
  const webhook = scope.use(await listenForNotices());
  writePast(state, options.people);
  await options.prepare?.(state);
  const config = `
mode = "${options.mode ?? 'guard'}"
host = "mail.test"
contact = "postmaster@mail.test"
${options.config ?? ''}
[accounts]
# All tests are on loopback: only one of its networks is the server's own.
own_hosts = ["127.0.0.0/24", "!127.0.0.0/8"]
[notices]
mail_to = ["${operatorAddress}"]
mail_from = "postern@mail.test"
mail_server = "127.0.0.1:${postfix.ports.smtp}"
webhook = "${webhook.url}"
${options.notices ?? ''}
[dovecot]
deny_file = "${dovecot.denyFile}"
config = "${dovecot.configFile}"
[mail_log]
source = "${join(postfix.dir, 'log', 'mail.log')}"
more = ["${join(dovecot.dir, 'dovecot.log')}"]
`;
  const start = (): Promise<GuardInstance> => startGuard({ state, config, ...options.guard });
  const server = {
    sink,
    dovecot,
    postfix,
    state,
    webhook,
    slow,
    guard: await start(),
    startGuard: start,
    login: (account: string, from = '127.0.0.1') =>
      connectSmtp(postfix.ports.submission, { user: account, password, localAddress: from }),
  };
  scope.defer(() => server.guard[Symbol.asyncDispose]());
  if (options.connect !== false) await connectPostfix(server);
  const all = scope.move();
  return Object.assign(server, { [Symbol.asyncDispose]: () => all.disposeAsync() });
}

export async function connectPostfix(
  server: Pick<GuardedServer, 'guard' | 'postfix'>,
  ...words: readonly string[]
): Promise<string> {
  const where = ['--config-dir', server.postfix.configDirectory, '--yes'];
  const taken = async (): Promise<number> =>
    (await server.guard.log()).filter(({ event }) => event === 'postfix.connected').length;
  const before = await taken();
  const said = await server.guard.cli('connect', 'postfix', ...where, ...words);
  if (words.includes('--undo')) return said;
  await eventually('the guard knows it', async () => (await taken()) > before);
  return said;
}

export type WebhookListener = AsyncDisposable & {
  readonly url: string;
  /** With the time of arrival, oldest first. */
  readonly notices: readonly (Notice & { readonly arrived: number })[];
  of(event: Notice['event'], account: string): readonly Notice[];
};

export async function listenForNotices(): Promise<WebhookListener> {
  const notices: (Notice & { arrived: number })[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      notices.push({ ...(JSON.parse(body) as Notice), arrived: Date.now() });
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/notices`,
    notices,
    of: (event, account) =>
      notices.filter((notice) => notice.event === event && notice.account === account),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Messages and the answer to each, so that every accepted message can be looked for. */
export class Outgoing {
  readonly #server: GuardedServer;
  readonly taken: { readonly message: TestMessage; readonly queueId: string }[] = [];

  constructor(server: GuardedServer) {
    this.#server = server;
  }

  async send(client: SmtpClient, message: TestMessage): Promise<Sent> {
    const sent = await client.send(message);
    if (sent.stage === 'done') {
      this.taken.push({ message: { ...message, to: sent.accepted }, queueId: sent.queueId });
    }
    return sent;
  }

  /** Through sendmail(1): nobody tells its queue id, so its recipients are this message's alone. */
  async sendmail(message: TestMessage): Promise<void> {
    await this.#server.postfix.sendmail(message);
    this.taken.push({ message, queueId: '' });
  }

  /**
   * Where each recipient of each message that was taken is now, by the name of the queue or
   * `delivered`.
   */
  async whereabouts(): Promise<readonly Whereabouts[]> {
    const queue = await this.#server.postfix.queue();
    const byId = new Map(queue.map((entry) => [entry.queue_id, entry]));
    return this.taken.flatMap(({ message, queueId }) => {
      const delivered = this.#server.sink.recipients(message.id);
      const entry =
        queueId === ''
          ? queue.find(({ recipients }) =>
              recipients.some(({ address }) => message.to.includes(address)),
            )
          : byId.get(queueId);
      return message.to.map((recipient) => {
        const places: string[] = delivered.filter((to) => to === recipient).map(() => 'delivered');
        const waits = entry?.recipients.some(({ address }) => address === recipient) === true;
        if (entry !== undefined && waits) places.push(entry.queue_name);
        return { id: message.id, recipient, places };
      });
    });
  }

  /**
   * As whereabouts, when nothing moves any more: each is delivered, on hold, or waits for a slow
   * server.
   */
  async settled(): Promise<readonly Whereabouts[]> {
    const isStill = (one: Whereabouts): boolean =>
      one.places.length === 1 &&
      ['delivered', 'hold', ...(one.recipient.endsWith('@slow.test') ? ['deferred'] : [])].includes(
        one.places[0] ?? '',
      );
    let last: readonly Whereabouts[] = [];
    return eventually(
      'every message is delivered, held or deferred, once',
      async () => {
        last = await this.whereabouts();
        return last.every(isStill) ? last : undefined;
      },
      { detail: () => JSON.stringify(last.filter((one) => !isStill(one)).slice(0, 20)) },
    );
  }
}

export type Whereabouts = {
  readonly id: string;
  readonly recipient: string;
  readonly places: readonly string[];
};
