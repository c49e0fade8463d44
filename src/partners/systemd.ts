/**
 * Tells systemd that Postern is ready and alive, if systemd started it, through systemd-notify(1).
 * Node cannot write to a Unix datagram socket. This costs one small process every few seconds, for
 * which the event loop does not wait.
 */
import { programOutput } from './program.ts';

export type ServiceManager = {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Stops the keep-alive messages. */
  stop(): void;
};

/** Undefined if no service manager listens. The keep-alive messages start with `ready`. */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  /** Called once when a message could not be delivered. */
  onFault: (cause: unknown) => void = () => undefined,
): ServiceManager | undefined {
  const socket = env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return undefined;
  const aliveEveryMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1_000 / 3;
  let failed = false;
  let timer: NodeJS.Timeout | undefined;
  const say = async (...words: string[]): Promise<void> => {
    try {
      await programOutput({
        program: '/usr/bin/systemd-notify',
        args: words,
        env: { NOTIFY_SOCKET: socket },
        signal: AbortSignal.timeout(5_000),
        errors: 'complaint',
      });
    } catch (cause) {
      if (!failed) onFault(cause);
      failed = true;
    }
  };
  return {
    async ready(status) {
      await say(`--status=${status}`, 'READY=1');
      if (aliveEveryMs > 0) {
        timer = setInterval(() => void say('WATCHDOG=1'), aliveEveryMs);
        timer.unref();
      }
    },
    stopping: () => say('STOPPING=1'),
    stop: () => clearInterval(timer),
  };
}
