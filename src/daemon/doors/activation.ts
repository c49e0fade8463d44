/**
 * Takes the sockets that systemd opened for Postern (sd_listen_fds(3)). systemd keeps them open
 * while Postern restarts, so that no connection is refused meanwhile.
 */
import { listeningAt } from '../../partners/kernel/listening.ts';
import type { ActivatedSocket } from '../base/options.ts';

/** The first descriptor that systemd passes. */
const firstFd = 3;
/** Three sockets of each instance of Postfix. */
const socketsMax = 100;

/** The sockets passed to this process; none if they are for another process. */
export function activatedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly ActivatedSocket[] {
  if (env['LISTEN_PID'] !== String(pid)) return [];
  const count = Number.parseInt(env['LISTEN_FDS'] ?? '', 10);
  if (!(count > 0)) return [];
  return Array.from({ length: Math.min(count, socketsMax) }, (_, at) => firstFd + at).flatMap(
    (fd) => {
      const address = listeningAt(fd);
      return address === undefined ? [] : [{ fd, address }];
    },
  );
}
