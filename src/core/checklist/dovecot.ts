/**
 * Checks from the output of `doveconf -n` that Dovecot reads the list of closed logins, and tells
 * which lines Dovecot needs for that. The language of its configuration changed with Dovecot 2.4.
 * Pure.
 */
import { type Finding, fine } from '../finding.ts';

const id = 'dovecot.deny';
export const dovecotTitle = 'Login of suspended accounts';

/** A `passdb` block: its settings, with the name of a 2.4 block as its driver. */
type Passdb = ReadonlyMap<string, string>;

export function checkDovecot(configuration: string, denyFile: string): Finding {
  const title = dovecotTitle;
  const is24 = hasNamedBlocks(configuration);
  const blocks = passdbs(configuration);
  const place = blocks.findIndex((block) => fileOf(block) === denyFile);
  const block = blocks[place];
  const wanted = `${denyFile} in the first passdb`;
  const lines = denyingPassdb(denyFile, is24);
  const fix = `put this before the other passdb blocks, then: doveadm reload\n\n${lines}`;
  const finding = (kind: 'warn' | 'fail', found: string, needs: string = wanted): Finding => ({
    id,
    kind,
    title,
    found,
    wanted: needs,
    fix,
  });
  if (block === undefined) return finding('warn', `stays open: no passdb reads ${denyFile}`);
  if (block.get('deny') !== 'yes' || block.get('driver') !== 'passwd-file') {
    const found = `open to others: the passdb that reads ${denyFile} lets its accounts in`;
    return finding('fail', found, 'driver = passwd-file and deny = yes');
  }
  if (place > 0) {
    const found = `may stay open: passdb ${place + 1} reads it, but those before may accept`;
    return finding('fail', found);
  }
  if (!lowersNames(configuration, block, is24)) {
    const found =
      'may stay open: Dovecot distinguishes capitals in logins, and the list has none: Joe gets ' +
      'in while joe is closed';
    return finding('fail', found, 'names in lower case before the list is read');
  }
  return fine(id, title, `closed: Dovecot reads ${denyFile}`);
}

/**
 * The block that closes logins. In Dovecot 2.4 two blocks of one name are one block, so its name is
 * Postern's own: with the name passwd-file it would deny all users of another passwd-file.
 */
function denyingPassdb(denyFile: string, is24: boolean): string {
  if (!is24) {
    return `passdb {
  driver = passwd-file
  deny = yes
  args = username_format=%Lu ${denyFile}
}`;
  }
  return `passdb postern {
  driver = passwd-file
  deny = yes
  passwd_file_path = ${denyFile}
  auth_username_format = %{user | lower}
}`;
}

/** `doveconf -n` of 2.4 prints the version of the configuration's language. */
function hasNamedBlocks(configuration: string): boolean {
  return /^dovecot_config_version\s*=/m.test(configuration);
}

/** Files with users and passwords that Dovecot reads; files of closed logins are left out. */
export function passwordFiles(configuration: string): readonly string[] {
  return passdbs(configuration)
    .filter((block) => block.get('driver') === 'passwd-file' && block.get('deny') !== 'yes')
    .flatMap((block) => fileOf(block) ?? [])
    .filter((file) => file.startsWith('/') && !file.includes('%'));
}

function passdbs(configuration: string): readonly Passdb[] {
  const found: Passdb[] = [];
  let block: Map<string, string> | undefined;
  let depth = 0;
  for (const line of configuration.split('\n')) {
    const head = /^passdb\b\s*([^\s{]*)\s*\{/.exec(line);
    if (head !== null) block = new Map([['driver', head[1] ?? '']]);
    if (block === undefined) continue;
    const [, key, value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) {
      if (depth === 1) block.set(key, value);
      continue; // a value may have braces: %{user}
    }
    if (/\{\s*$/.test(line)) depth++;
    if (/^\s*\}/.test(line)) depth--;
    if (depth > 0) continue;
    found.push(block);
    block = undefined;
  }
  return found;
}

/** The file of a passwd-file. In 2.3 it is the last word of `args`. */
function fileOf(block: Passdb): string | undefined {
  return block.get('passwd_file_path') ?? block.get('args')?.split(/\s+/).at(-1);
}

/**
 * Whether the name is in lower case when Dovecot looks it up in the list: by this block, or for all
 * logins, as by default. `doveconf -n` shows only settings that differ from the default.
 */
function lowersNames(configuration: string, block: Passdb, is24: boolean): boolean {
  const whole = /^auth_username_format[ \t]*=[ \t]*(.*)$/m.exec(configuration)?.[1];
  const own = is24
    ? block.get('auth_username_format')
    : /(?:^|\s)username_format=(\S+)/.exec(block.get('args') ?? '')?.[1];
  const lowers = is24 ? /\|\s*lower\b/ : /%[\d.-]*L/;
  return whole === undefined || lowers.test(whole) || (own !== undefined && lowers.test(own));
}
