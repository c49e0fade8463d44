/** Which smtpd services others than this machine can reach. Pure. */
import { expand, type MainCf, mainValue } from './main-cf.ts';
import type { Service } from './master-cf.ts';
import { isOnLoopback } from './services.ts';

const loopback = /^(?:loopback-only|localhost|127\.[\d.]+|\[?::1\]?)$/i;

/** Whether another machine can connect: a TCP port that is not bound to loopback. */
export function isReachable(main: MainCf, service: Service): boolean {
  if (service.type !== 'inet' && service.type !== 'pass') return false;
  if (isOnLoopback(service)) return false;
  if (service.name.includes(':')) return true;
  const look = (name: string): string | undefined => mainValue(main, name);
  const interfaces = expand(look('inet_interfaces') ?? 'all', look)
    .split(/[\s,]+/)
    .filter((one) => one !== '');
  return !interfaces.every((one) => loopback.test(one));
}
