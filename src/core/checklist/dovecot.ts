/** Checks from the output of `doveconf -n` that Dovecot reads the list of closed logins. Pure. */
import { type Finding, fine } from '../finding.ts';

const id = 'dovecot.deny';
export const dovecotTitle = 'Login of suspended accounts';

export function checkDovecot(configuration: string, denyFile: string): Finding {
  const title = dovecotTitle;
  const blocks = [...configuration.matchAll(/^passdb\s*\{([^{}]*)\}/gm)].map(
    (match) => match[1] ?? '',
  );
  const place = blocks.findIndex(
    (block) => setting(block, 'args')?.split(/\s+/).at(-1) === denyFile,
  );
  const block = blocks[place];
  const wanted = `${denyFile} in the first passdb`;
  const fix = `put this before the other passdb blocks, then: doveadm reload

passdb {
  driver = passwd-file
  deny = yes
  args = ${denyFile}
}`;
  if (block === undefined) {
    return {
      id,
      kind: 'warn',
      title,
      found: `stays open: no passdb reads ${denyFile}`,
      wanted,
      fix,
    };
  }
  if (setting(block, 'deny') !== 'yes' || setting(block, 'driver') !== 'passwd-file') {
    const found = `open to others: the passdb that reads ${denyFile} lets its accounts in`;
    return { id, kind: 'fail', title, found, wanted: 'driver = passwd-file and deny = yes', fix };
  }
  if (place > 0) {
    const found = `may stay open: passdb ${place + 1} reads it, but those before may accept`;
    return { id, kind: 'fail', title, found, wanted, fix };
  }
  return fine(id, title, `closed: Dovecot reads ${denyFile}`);
}

function setting(block: string, name: string): string | undefined {
  return new RegExp(`^\\s*${name}\\s*=\\s*(.*?)\\s*$`, 'm').exec(block)?.[1];
}
