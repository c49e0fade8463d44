/** Whether Postfix asks a signer, told by the place of its socket. Pure. */

/**
 * True if a list of milters names this socket. Signers write `inet:8891@localhost` or
 * `local:/run/x/y.sock`, Postfix `inet:localhost:8891` or `unix:/run/x/y.sock`, perhaps below its
 * queue directory: ports are compared, and the ends of paths.
 */
export function namesSocket(milters: string, socket: string): boolean {
  const port = /^inet6?:(\d+)(?:@.*)?$/.exec(socket)?.[1];
  const places = milters.match(/(?:inet6?|unix|local):[^\s,{}]+/g) ?? [];
  if (port !== undefined) return places.some((one) => one.endsWith(`:${port}`));
  const path = socket.replace(/^(?:local|unix):/, '');
  const end = path.split('/').slice(-2).join('/');
  return places.some((one) => one.startsWith('unix:') && one.endsWith(end) && end !== '');
}
