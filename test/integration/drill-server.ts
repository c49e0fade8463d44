/**
 * A mail server with a canary, ready for drills: Dovecot, Postfix with TLS at its submission port,
 * the root helper behind its socket, and a guard that has both channels for notices.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DrillReport } from '../../src/core/drill/report.ts';
import type { Notice } from '../../src/core/notice.ts';
import { openSubmission } from '../../src/partners/smtp/submission.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { fixedDoors, type GuardInstance, launcher, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { type HelperSocket, listenForHelper } from './root-helper.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const run = promisify(execFile);

export const canary = 'drill-canary@mail.test';
/** Its login is always in the deny file, so it shows whether Dovecot reads that file. */
export const denied = 'denied@mail.test';
export const operator = 'op@world.test';
const password = 'secret';

export type DrillServer = AsyncDisposable & {
  readonly sink: Sink;
  readonly dovecot: DovecotInstance;
  readonly postfix: PostfixInstance;
  readonly helper: HelperSocket;
  readonly state: string;
  readonly configFile: string;
  /** Requests for the webhook and the dead man's switch. */
  readonly web: Web;
  /** Recipients that the world refuses now, with its reply. */
  readonly refused: Map<string, string>;
  guard: GuardInstance;
  /** In the same place; with more environment. */
  startGuard(env?: Readonly<Record<string, string>>): Promise<GuardInstance>;
  /** Runs the command and answers with its report, whatever its exit code. */
  drill(): Promise<DrillReport>;
  /** main.cf before and after `drill setup --undo`. */
  undoSetup(): Promise<readonly [string, string]>;
  /** Starts the command, for who kills it. */
  startDrill(): ChildProcess;
  /** A message to a stranger; answers with the refusal, or empty if it was taken. */
  sendAsCanary(): Promise<string>;
};

export type Web = AsyncDisposable & {
  readonly url: string;
  /** The status that the webhook answers with. */
  status: number;
  readonly notices: Notice[];
  /** Requests for the dead man's switch. */
  pings: number;
};

export async function startDrillServer(): Promise<DrillServer> {
  await using scope = new AsyncDisposableStack();
  const state = await mkdtemp(join(tmpdir(), 'pdr-'));
  scope.defer(() => rm(state, { recursive: true, force: true }));
  const refused = new Map<string, string>();
  const sink = scope.use(await startSink({ refuse: (recipient) => refused.get(recipient) }));
  const users = { [canary]: password, [denied]: password };
  const dovecot = scope.use(await startDovecot({ users }));
  await writeFile(dovecot.denyFile, `${denied}\n`);
  const certificate = await selfSigned(state);
  const postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      saslSocket: dovecot.authSocket,
      settings: { ...certificate, smtpd_tls_auth_only: 'yes' },
      submission: { smtpd_tls_security_level: 'may' },
    }),
  );
  const helper = await listenForHelper({ mail: postfix, imap: dovecot });
  scope.defer(() => helper.close());
  const web = scope.use(await startWeb());
  const passwordFile = join(state, 'canary-password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const config = `
mode = "guard"
host = "mail.test"
[drill]
account = "${canary}"
password_file = "${passwordFile}"
submission = "127.0.0.1:${postfix.ports.submission}"
ping_url = "${web.url}/ping"
[postfix]
queue = "helper"
helper_socket = "${helper.path}"
[notices]
mail_to = ["${operator}"]
mail_from = "postern@mail.test"
mail_server = "127.0.0.1:${postfix.ports.smtp}"
webhook = "${web.url}/webhook"
[dovecot]
deny_file = "${dovecot.denyFile}"
config = "${dovecot.configFile}"
[mail_log]
source = "${join(postfix.dir, 'log', 'mail.log')}"
more = ["${join(dovecot.dir, 'dovecot.log')}"]
`;
  const words = await fixedDoors();
  const start = (env: Readonly<Record<string, string>> = {}): Promise<GuardInstance> =>
    startGuard({ state, config, words, env });
  const configFile = join(state, 'postern.toml');
  const drillWords = ['drill', 'run', '--json', '--state', state, '--config', configFile];
  const server = {
    sink,
    dovecot,
    postfix,
    helper,
    state,
    configFile,
    web,
    refused,
    guard: await start(),
    startGuard: start,
    drill: () => runDrill(drillWords),
    startDrill: () => spawn(launcher, drillWords, { stdio: 'ignore' }),
    sendAsCanary: async () => {
      const [host, port] = ['127.0.0.1', postfix.ports.submission];
      const about = { host, port, security: 'starttls', user: canary, password } as const;
      const mail = { from: canary, to: 'stranger@world.test', subject: 'hello', text: 'hello' };
      return (await openSubmission(about).send(mail)).fault?.text ?? '';
    },
  };
  scope.defer(() => server.guard[Symbol.asyncDispose]());
  await connectPostfix(server);
  const setup = ['drill', 'setup', '--yes', '--config-dir', postfix.configDirectory];
  const main = (): Promise<string> => readFile(join(postfix.configDirectory, 'main.cf'), 'utf8');
  const before = await main();
  await run(launcher, setup);
  const undoSetup = async (): Promise<readonly [string, string]> => {
    await run(launcher, [...setup, '--undo']);
    return [before, await main()];
  };
  const all = scope.move();
  return Object.assign(server, { undoSetup, [Symbol.asyncDispose]: () => all.disposeAsync() });
}

async function runDrill(words: readonly string[]): Promise<DrillReport> {
  const { stderr, stdout } = await run(launcher, [...words]).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => error,
  );
  if (stdout === '') throw new Error(`the drill wrote no report: ${stderr}`);
  return JSON.parse(stdout) as DrillReport;
}

async function selfSigned(dir: string): Promise<Readonly<Record<string, string>>> {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await run('/usr/bin/openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=mail.test', '-days', '2', '-keyout', key, '-out', cert],
  ]);
  return { smtpd_tls_cert_file: cert, smtpd_tls_key_file: key };
}

async function startWeb(): Promise<Web> {
  const answer = (response: ServerResponse, status: number): void => {
    response.writeHead(status).end();
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/ping') {
        web.pings++;
        answer(response, 200);
        return;
      }
      if (web.status < 300)
        web.notices.push(JSON.parse(Buffer.concat(chunks).toString()) as Notice);
      answer(response, web.status);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const web: Web = {
    url: `http://127.0.0.1:${port}`,
    status: 204,
    notices: [],
    pings: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return web;
}
