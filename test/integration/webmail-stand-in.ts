/**
 * A webmail's end of SMTP, as a program of any user of this machine: with the webmail's key through
 * openssl(1), or as plain TCP through bash(1). It says lines and hears replies.
 */
import { spawn } from 'node:child_process';

export type StandIn = AsyncDisposable & {
  /** Says a line. Answers with the whole reply; empty if the other end closed the connection. */
  say(line: string): Promise<string>;
  /** The greeting, or what came in its place. */
  readonly greeting: string;
};

const replyMs = 60_000;

/** `key`: a file that the user must be able to read. */
export async function standIn(options: {
  readonly uid: number;
  readonly port: number;
  readonly key?: string;
  readonly authority?: string;
}): Promise<StandIn> {
  const { authority, key, port, uid } = options;
  const files = [
    ...(key === undefined ? [] : ['-cert', key, '-key', key]),
    ...(authority === undefined ? [] : ['-CAfile', authority, '-verify_return_error']),
  ];
  const [program, args] =
    authority === undefined && key === undefined
      ? ([
          '/bin/bash',
          ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3 & exec cat >&3`],
        ] as const)
      : ([
          '/usr/bin/openssl',
          ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`, ...files],
        ] as const);
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    uid,
    gid: uid,
    detached: true,
    cwd: '/',
  });
  let heard = '';
  let over = false;
  let wake = (): void => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    wake();
  });
  child.stdout.once('close', () => {
    over = true;
    wake();
  });
  child.stdin.on('error', () => undefined);
  const reply = async (): Promise<string> => {
    const end = Date.now() + replyMs;
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(heard);
      if (whole !== null) {
        heard = heard.slice(whole[0].length);
        return whole[0].trimEnd();
      }
      if (over || Date.now() > end) return '';
      const woken = Promise.withResolvers<void>();
      const timer = setTimeout(woken.resolve, end - Date.now());
      wake = woken.resolve;
      await woken.promise;
      clearTimeout(timer);
    }
  };
  const greeting = await reply();
  return {
    greeting,
    async say(line) {
      child.stdin.write(`${line}\r\n`);
      return reply();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      // The group: bash has a second program. `detached` has made it one.
      if (child.pid !== undefined && !over) process.kill(-child.pid, 'SIGTERM');
    },
  };
}

/** Hands in one message. Answers with the last reply. */
export async function handIn(
  from: StandIn,
  message: { readonly from: string; readonly to: string; readonly headers: readonly string[] },
): Promise<string> {
  for (const line of [`MAIL FROM:<${message.from}>`, `RCPT TO:<${message.to}>`, 'DATA']) {
    const reply = await from.say(line);
    if (!/^[23]/.test(reply)) return reply;
  }
  return from.say([...message.headers, '', 'text', '.'].join('\r\n'));
}

export const authPlain = (user: string, password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`;
