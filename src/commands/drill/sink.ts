/**
 * The sink of a drill: a line of Postfix's transport_maps that lets mail for the drill's domain
 * wait in the queue, whatever else fails. Postfix needs no other program for it, no DNS and no
 * table, and it comes before relayhost. So no mail of a drill can ever leave this server.
 */
import { sinkDomain } from '../../flow/drill/drill-mail.ts';
import { postconfPath, postconfValues } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';

export const sinkParameter = 'transport_maps';
/** retry(8) defers with this text. It waits until the drill removes it from the queue. */
const waits = 'retry:4.3.0 mail of a drill of Postern waits here';
export const sinkTable: string = `inline:{ { ${sinkDomain} = ${waits} } }`;

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
    args: ['-c', configDirectory, '-M', 'retry/unix'],
    signal: AbortSignal.timeout(10_000),
    errors: 'complaint',
  });
  if (/\serror$/.test(service.trim())) return undefined;
  return `${configDirectory}/master.cf has no service retry that runs error(8)`;
}
