/** Asks postconf(1) for a parameter of Postfix. */
import { programOutput } from '../program.ts';

export const postconfPath = '/usr/sbin/postconf';
const deadlineMs = 10_000;

/**
 * The value, with references expanded. Without `configDirectory`, of the machine's default Postfix.
 * Rejects if there is no Postfix or it is not configured.
 */
export async function postconf(name: string, configDirectory: string | undefined): Promise<string> {
  const at = configDirectory === undefined ? [] : ['-c', configDirectory];
  const [line = ''] = await programOutput({
    program: postconfPath,
    package: 'postfix',
    args: [...at, '-hx', name],
    errors: 'complaint',
    signal: AbortSignal.timeout(deadlineMs),
  });
  return line.trim();
}

/** Several values in one call, each as `postconf` answers it. */
export async function postconfValues<Name extends string>(
  names: readonly Name[],
  configDirectory: string,
): Promise<Readonly<Record<Name, string>>> {
  const lines = await programOutput({
    program: postconfPath,
    package: 'postfix',
    args: ['-c', configDirectory, '-x', ...names],
    errors: 'complaint',
    signal: AbortSignal.timeout(deadlineMs),
  });
  const said = new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^(\w+) =(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value?.trim() ?? '']];
    }),
  );
  return Object.fromEntries(names.map((name) => [name, said.get(name) ?? ''])) as Record<
    Name,
    string
  >;
}
