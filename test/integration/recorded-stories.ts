/**
 * What real Postfix, Dovecot and amavisd log of single messages: each story is one message (or
 * login), from its first line to its last.
 */
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { LogStory } from '../sim/mail-log.ts';
import { startAmavis } from './amavis-instance.ts';
import { startDovecot } from './dovecot-instance.ts';
import { eventually, freePort } from './leash.ts';
import { type PostfixInstance, type PostfixOptions, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type TestMessage } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const run = promisify(execFile);
const account = 'teller@mail.test';
const password = 'secret';
const client = '127.0.0.7';

type Scene = {
  readonly name: string;
  readonly postfix: Pick<PostfixOptions, 'services' | 'settings' | 'smtp' | 'submission'>;
  readonly stories: readonly Act[];
};

/** One story: what is done, and how many lines with a delivery it has. */
type Act = {
  readonly name: string;
  readonly to: readonly string[];
  /** `login`, unless it says something else. */
  readonly by?: 'sendmail' | 'stranger';
  /** Lines that must be there before the story is over. */
  readonly until: RegExp;
  readonly next?: (postfix: PostfixInstance, said: () => Promise<string>) => Promise<void>;
  /** Who handed it over, as Postern names them; undefined: nobody of this server. */
  readonly account: string | undefined;
};

const removedOnce = /: removed\n/;
const removedTwice = /: removed\n[\s\S]*: removed\n/;
const removedThrice = /(?:: removed\n[\s\S]*){3}/;

/** Only on a machine of its own (own-machine.ts): it changes /etc/postfix. */
export async function recordStories(): Promise<readonly LogStory[]> {
  let isSlow = false;
  await using sink = await startSink({
    refuse: (to) => {
      if (to.startsWith('gone')) return '550 5.1.1 <gone> no such user';
      return isSlow && to.startsWith('slow') ? '450 4.2.0 come later' : undefined;
    },
  });
  await using dovecot = await startDovecot({ users: { [account]: password } });
  // Each keeps its connection to the Postfix that it returned mail to.
  const [back, backBefore] = [await freePort(), await freePort()];
  await using amavis = await startAmavis(back);
  await using amavisBefore = await startAmavis(backBefore);
  const slowly = (name: string, act: Partial<Act> = {}): Act => ({
    name,
    to: ['slow@world.test'],
    until: removedOnce,
    account,
    next: async (postfix, said) => {
      await deferred(said);
      isSlow = false;
      // Postfix skips a message whose first delivery has not ended yet.
      const end = act.until ?? removedOnce;
      await eventually('the next delivery', async () => {
        await postfix.flush();
        await sleep(250);
        return end.test(await said());
      });
    },
    ...act,
  });
  const scenes: readonly Scene[] = [
    {
      name: 'plain',
      postfix: {},
      stories: [
        { name: 'one', to: ['one@world.test'], until: removedOnce, account },
        {
          name: 'three',
          to: ['one@world.test', 'two@mail.test', 'three@world.test'],
          until: removedOnce,
          account,
        },
        {
          name: 'bounced',
          to: ['one@world.test', 'gone@world.test'],
          until: removedTwice,
          account,
        },
        slowly('deferred'),
        slowly('requeued', {
          next: async (postfix, said) => {
            await deferred(said);
            await postfix.tool('postsuper', '-r', 'ALL');
            isSlow = false;
            await wakePickup(postfix);
          },
        }),
        {
          name: 'sendmail',
          by: 'sendmail',
          to: ['one@world.test'],
          until: removedOnce,
          account: `local:${account}`,
        },
        {
          name: 'inbound',
          by: 'stranger',
          to: ['two@mail.test'],
          until: removedOnce,
          account: undefined,
        },
      ],
    },
    {
      name: 'long ids, a copy for the archive',
      postfix: { settings: { enable_long_queue_ids: 'yes', always_bcc: 'archive@mail.test' } },
      stories: [{ name: 'copied', to: ['one@world.test'], until: removedOnce, account }],
    },
    {
      name: 'soft bounces, and an end',
      postfix: { settings: { soft_bounce: 'yes', maximal_queue_lifetime: '2s' } },
      stories: [{ name: 'expired', to: ['gone@world.test'], until: removedTwice, account }],
    },
    {
      name: 'content filter',
      postfix: {
        submission: { content_filter: `amavis:[127.0.0.1]:${amavis.port}` },
        services: `amavis unix - - n - 2 smtp\n${returnsTo(back)}`,
      },
      stories: [
        {
          name: 'filtered',
          to: ['one@world.test', 'two@world.test'],
          until: removedTwice,
          account,
        },
        slowly('filtered and deferred', { until: removedTwice }),
      ],
    },
    {
      name: 'filter by pipe and sendmail',
      postfix: {
        submission: { content_filter: 'again' },
        services: `again unix - n n - - pipe
  user=nobody argv=/usr/sbin/sendmail -oi -f \${sender} -- \${recipient}
`,
      },
      stories: [
        // The program is started once for each domain.
        { name: 'piped', to: ['one@world.test', 'two@mail.test'], until: removedThrice, account },
        slowly('piped and deferred', { until: removedTwice }),
      ],
    },
    {
      name: 'filter before the queue',
      postfix: {
        submission: { smtpd_proxy_filter: `127.0.0.1:${amavisBefore.port}` },
        services: returnsTo(backBefore),
      },
      stories: [{ name: 'proxied', to: ['one@world.test'], until: removedOnce, account }],
    },
  ];
  const stories: LogStory[] = [];
  for (const scene of scenes) {
    await using postfix = await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      ...scene.postfix,
    });
    // Users may name the folder of this Postfix.
    const allowed = `\nalternate_config_directories = ${postfix.configDirectory}\n`;
    await appendFile('/etc/postfix/main.cf', allowed);
    for (const act of scene.stories) {
      isSlow = act.to.some((to) => to.startsWith('slow'));
      stories.push(await play(postfix, act, sink.port));
    }
  }
  return stories;
}

/** The service to which a filter returns mail. */
function returnsTo(port: number): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
  -o content_filter=
  -o smtpd_proxy_filter=
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
`;
}

async function deferred(said: () => Promise<string>): Promise<void> {
  const isDeferred = async (): Promise<true | undefined> =>
    /status=deferred/.test(await said()) || undefined;
  await eventually('a deferral', isDeferred, { detail: said });
}

/** pickup(8) looks once a minute for what an operator queued again. */
async function wakePickup({ configDirectory }: PostfixInstance): Promise<void> {
  await run('/usr/sbin/postkick', ['-c', configDirectory, 'public', 'pickup', 'W']);
}

/**
 * The server that takes the mail gets the address of one that is elsewhere, and so does a stranger
 * who hands one in: a client of this machine could be a filter.
 */
function elsewhere(line: string, port: number, by: Act['by']): string {
  const from = by === 'stranger' ? 'client.far.test[198.51.100.7]' : `unknown[${client}]`;
  return line
    .replace(`unknown[${client}]`, from)
    .replace(`127.0.0.1[127.0.0.1]:${port}`, 'mx.world.test[203.0.113.9]:25')
    .replace('host 127.0.0.1[127.0.0.1] said', 'host mx.world.test[203.0.113.9] said');
}

async function play(postfix: PostfixInstance, act: Act, sink: number): Promise<LogStory> {
  const before = (await postfix.log()).length;
  const said = async (): Promise<string> => (await postfix.log()).slice(before);
  const message: TestMessage = { from: account, to: act.to, id: 'story' };
  if (act.by === 'sendmail') await postfix.sendmail(message);
  else {
    const port = act.by === 'stranger' ? postfix.ports.smtp : postfix.ports.submission;
    const login = act.by === 'stranger' ? {} : { user: account, password };
    await using smtp = await connectSmtp(port, { ...login, localAddress: client });
    await smtp.send(act.by === 'stranger' ? { ...message, from: 'one@world.test' } : message);
  }
  await act.next?.(postfix, said);
  const lines = await eventually(
    `the end of "${act.name}"`,
    async () => {
      const text = await said();
      return act.until.test(text) ? text : undefined;
    },
    { detail: said, timeoutMs: 60_000 },
  );
  return {
    program: 'postfix',
    name: act.name,
    account: act.account,
    login: account,
    to: act.to,
    lines: lines
      .trimEnd()
      .split('\n')
      .map((line) => elsewhere(line, sink, act.by)),
  };
}
