/** A real rspamd that signs, with the folder of a set-up as its local configuration. */
import { eventually } from './leash.ts';
import { startRspamd } from './rspamd-process.ts';

export type RspamdSigner = AsyncDisposable & { readonly url: string };

export async function startRspamdSigner(folder: string): Promise<RspamdSigner> {
  const { daemon, port } = await startRspamd(folder);
  const url = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<true | undefined> => {
    if (daemon.ended) throw new Error(`rspamd ended: ${daemon.output()}`);
    const ping = await fetch(`${url}/ping`).catch(() => undefined);
    return ping?.ok === true ? true : undefined;
  };
  try {
    await eventually('rspamd runs', answers, { detail: daemon.output, timeoutMs: 90_000 });
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: () => daemon.stop() };
}
