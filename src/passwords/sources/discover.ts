/**
 * Where this server keeps its passwords, by its own configuration: doveconf, postconf,
 * nsswitch.conf, and usual places.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postconf, postconfPath } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';

export type FoundSource = {
  /** To be given to --source; empty where there is nothing that the audit can read. */
  readonly spec: string;
  readonly foundBy: string;
  /** What there is to know, or why it cannot be read. */
  readonly note: string;
};

export type Passdb = {
  readonly driver: string;
  /** A passdb that denies, or opens only for masters, has no accounts. */
  readonly skipped: boolean;
  readonly args: string;
};

const askMs = 10_000;
/** Where its domains are, as it is built and as Debian had it. */
const vpopmail = ['/home', '/var'].map((place) => join(place, 'vpopmail/domains'));

export async function discover(dovecotConfig: string): Promise<readonly FoundSource[]> {
  const passdbs = await askDovecot(dovecotConfig);
  const found = passdbs.flatMap(sourcesOf);
  const files = found.some(({ spec }) => spec === 'shadow:/etc/shadow');
  if (!files && passdbs.length === 0 && nsswitchHasFiles() && existsSync('/etc/shadow')) {
    found.push({ spec: 'shadow:/etc/shadow', foundBy: 'nsswitch.conf', note: 'system accounts' });
  }
  found.push(...(await cyrus()));
  for (const folder of vpopmail) {
    if (existsSync(folder) && !found.some(({ spec }) => spec.startsWith('vpopmail:'))) {
      found.push({ spec: `vpopmail:${folder}`, foundBy: 'its folder', note: 'vpasswd files' });
    }
  }
  const seen = new Set<string>();
  return found.filter(({ spec }) => spec === '' || (!seen.has(spec) && seen.add(spec)));
}

async function askDovecot(config: string): Promise<readonly Passdb[]> {
  if (!existsSync('/usr/bin/doveconf')) return [];
  try {
    const args = config === '' ? ['-n'] : ['-c', config, '-n'];
    const signal = AbortSignal.timeout(askMs);
    const lines = await programOutput({
      program: '/usr/bin/doveconf',
      args,
      signal,
      errors: 'complaint',
    });
    return passdbsOf(lines);
  } catch {
    return []; // installed, and not configured
  }
}

/** The passdb blocks of `doveconf -n`, of Dovecot 2.3 and 2.4. */
export function passdbsOf(lines: readonly string[]): readonly Passdb[] {
  const found: Passdb[] = [];
  let values: Map<string, string> | undefined;
  let depth = 0;
  for (const line of lines) {
    const head = /^passdb\b\s*([\w-]*)\s*\{/.exec(line);
    if (head !== null) values = new Map([['driver', head[1] ?? '']]);
    if (values === undefined) continue;
    depth += (line.match(/\{/g)?.length ?? 0) - (line.match(/\}/g)?.length ?? 0);
    const [, key, value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, value);
    if (depth > 0) continue;
    found.push({
      driver: values.get('driver') ?? '',
      skipped: values.get('deny') === 'yes' || values.get('master') === 'yes',
      args: values.get('args') ?? argsOf24(values),
    });
    values = undefined;
  }
  return found;
}

/** What stands in `args` until Dovecot 2.3 has settings of its own since. */
function argsOf24(values: ReadonlyMap<string, string>): string {
  const names = ['passdb_default_password_scheme', 'default_password_scheme'];
  const scheme = names.map((name) => values.get(name)).find((value) => value !== undefined);
  const path = values.get('passwd_file_path') ?? '';
  return scheme === undefined || path === '' ? path : `scheme=${scheme} ${path}`;
}

/**
 * Since 2.4 the queries stand in the configuration itself, whose database and directory we do not
 * read there.
 */
const own24 =
  'its queries are in Dovecot’s own configuration: put them into a file (docs/passwords.md), and give';

/** What an audit can read of one passdb; with an empty `spec` what it cannot. */
export function sourcesOf({ driver, skipped, args }: Passdb): readonly FoundSource[] {
  const foundBy = 'doveconf';
  if (skipped) return [];
  switch (driver) {
    case 'passwd-file':
      return passwdFiles(args).map((spec) => ({ spec, foundBy, note: 'Dovecot’s passwd-file' }));
    case 'sql':
    case 'ldap': {
      const note = `a ${driver === 'sql' ? 'database' : 'directory'}, asked as Dovecot asks it`;
      if (args !== '') return [{ spec: `${driver}:${args}`, foundBy, note }];
      return [{ spec: '', foundBy, note: `${driver}: ${own24} --source ${driver}:FILE` }];
    }
    case 'pam':
    case 'shadow':
    case 'passwd':
      return [{ spec: 'shadow:/etc/shadow', foundBy, note: `system accounts (${driver})` }];
    case 'vpopmail':
      return [{ spec: `vpopmail:${vpopmail[0]}`, foundBy, note: 'vpasswd files' }];
    default:
      return [{ spec: '', foundBy, note: `passdb ${driver}: it has no hashes to read` }];
  }
}

/**
 * `scheme=PLAIN username_format=%u /etc/dovecot/%d/users`: the path last, perhaps with the domain
 * in it.
 */
export function passwdFiles(args: string): readonly string[] {
  const words = args.split(/\s+/).filter((word) => word !== '');
  const path = words.findLast((word) => word.startsWith('/')) ?? '';
  const scheme = words.find((word) => /^scheme=/i.test(word))?.slice('scheme='.length) ?? '';
  const kind = scheme === '' ? 'passwd-file' : `passwd-file,scheme=${scheme}`;
  if (!/%/.test(path)) return path === '' ? [] : [`${kind}:${path}`];
  const domain = /%(?:L?d|\{[^}]*domain[^}]*\})/;
  const pattern = path.replace(domain, '*').replace(/%(?:\{[^}]*\}|L?\w)/g, '*');
  const before = path.slice(0, path.search(domain));
  return globSync(pattern)
    .sort()
    .map((file) => {
      const own = domain.test(path) ? file.slice(before.length).split('/')[0] : '';
      return own === '' ? `${kind}:${file}` : `${kind},domain=${own}:${file}`;
    });
}

function nsswitchHasFiles(): boolean {
  try {
    const text = readFileSync('/etc/nsswitch.conf', 'utf8');
    const line = /^\s*(?:shadow|passwd):(.*)$/m.exec(text)?.[1];
    return line === undefined || /\b(?:files|compat)\b/.test(line);
  } catch {
    return true; // without it, files is what libc takes
  }
}

async function cyrus(): Promise<readonly FoundSource[]> {
  if (!existsSync(postconfPath)) return [];
  try {
    const type = await postconf('smtpd_sasl_type', undefined);
    if (type !== 'cyrus' || !existsSync('/etc/sasldb2')) return [];
    const note =
      'Cyrus SASL (/etc/sasldb2) keeps passwords in the clear: sasldblistusers2 names them';
    return [{ spec: '', foundBy: 'postconf', note }];
  } catch {
    return []; // installed, and not configured
  }
}
