/**
 * The sink of a drill: a line of Postfix's transport_maps that lets mail for the drill's domain
 * wait in the queue, whatever else fails. It leads to a port of this machine where nothing listens
 * and where only root could. Postfix needs no DNS and no program of Postern for it, and it comes
 * before relayhost. So no mail of a drill can ever leave this server.
 */
import { sinkDomain } from '../../flow/drill/drill-mail.ts';
import { postconfPath, postconfValues } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';

export const sinkParameter = 'transport_maps';
/** Not retry(8): smtpd refuses recipients that lead there. */
const nowhere = 'smtp:[127.0.0.1]:1';
const sinkTable: string = `inline:{${sinkDomain}=${nowhere}}`;

/** The value of transport_maps with the sink in front. */
export function withSink(value: string): string {
  return value === '' ? sinkTable : `${sinkTable}, ${value}`;
}

/** Undefined if mail for the sink stays in this instance; else why not. */
export async function sinkFault(configDirectory: string): Promise<string | undefined> {
  const { transport_maps: value } = await postconfValues([sinkParameter], configDirectory);
  if (!value.startsWith(sinkTable)) {
    return `transport_maps in ${configDirectory}/main.cf does not begin with the sink`;
  }
  const [service = ''] = await programOutput({
    program: postconfPath,
    args: ['-c', configDirectory, '-M', 'smtp/unix'],
    signal: AbortSignal.timeout(10_000),
    errors: 'complaint',
  });
  if (/\ssmtp(?:\s|$)/.test(service.replace(/^smtp\s/, ''))) return undefined;
  return `${configDirectory}/master.cf has no service smtp that runs smtp(8)`;
}
