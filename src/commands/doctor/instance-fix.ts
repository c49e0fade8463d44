/** Commands of a finding for an instance of Postfix that is not the usual one. Pure. */
import type { Finding } from '../../core/finding.ts';
import { shellWords } from '../../lib/shell-words.ts';

const connecting =
  /\bpostern connect (?:postfix|recipients|bounces|authors|webmail)(?: --[a-z-]+)*/g;

/** The finding with commands that change the Postfix in `configDir`, as the operator named it. */
export function forInstance(finding: Finding, configDir: string): Finding {
  const folder = shellWords(configDir);
  const fix = finding.fix
    .replace(/\bpostconf (?=-[eMPX#])/g, () => `postconf -c ${folder} `)
    .replace(/\bpostfix reload\b/g, () => `postfix -c ${folder} reload`)
    .replace(connecting, (command) =>
      command.includes('--config-dir') ? command : `${command} --config-dir ${folder}`,
    );
  return { ...finding, fix };
}
