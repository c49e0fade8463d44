/**
 * Says "ready" and "alive" to systemd, where systemd started us, through systemd-notify(1): Node
 * cannot write to a Unix datagram socket. One small process every few seconds; it runs beside us,
 * so the event loop does not wait for it.
 */
import { programOutput } from './program.ts';

export type ServiceManager = {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Ends the sign of life. */
  stop(): void;
};

/** Undefined where no service manager listens. The sign of life starts with `ready`. */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  /** Told once when a message could not be delivered. */
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
