/** Does Dovecot read the list of closed logins? From what `doveconf -n` prints. Pure. */
import { type Finding, fine } from '../finding.ts';

const id = 'dovecot.deny';
const title = 'a suspended account cannot log in';

export function checkDovecot(configuration: string, denyFile: string): Finding {
  const blocks = [...configuration.matchAll(/^passdb\s*\{([^{}]*)\}/gm)].map(
    (match) => match[1] ?? '',
  );
  const place = blocks.findIndex(
    (block) => setting(block, 'args')?.split(/\s+/).at(-1) === denyFile,
  );
  const block = blocks[place];
  const mend = `put this in front of the other passdb blocks, then: doveadm reload

passdb {
  driver = passwd-file
  deny = yes
  args = ${denyFile}
}`;
  if (block === undefined) {
    return { id, kind: 'warn', title, found: `no passdb reads ${denyFile}`, wanted: 'one', mend };
  }
  if (setting(block, 'deny') !== 'yes' || setting(block, 'driver') !== 'passwd-file') {
    const found = 'the passdb that reads it does not deny: it would let people in';
    return { id, kind: 'fail', title, found, wanted: 'driver = passwd-file, deny = yes', mend };
  }
  if (place > 0) {
    const found = `it is passdb number ${place + 1}: those before it may let people in`;
    return { id, kind: 'fail', title, found, wanted: 'the first passdb', mend };
  }
  return fine(id, title, `Dovecot reads ${denyFile}`);
}

function setting(block: string, name: string): string | undefined {
  return new RegExp(`^\\s*${name}\\s*=\\s*(.*?)\\s*$`, 'm').exec(block)?.[1];
}
