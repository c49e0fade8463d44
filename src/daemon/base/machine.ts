/** Facts about this machine. */
import { networkInterfaces } from 'node:os';

export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(
    (list) => list?.map((one) => one.address) ?? [],
  );
}
