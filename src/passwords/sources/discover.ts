/**
 * Finds where this server keeps passwords: from doveconf, postconf, nsswitch.conf, and the usual
 * places.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postconf, postconfPath } from '../../partners/postfix/postconf.ts';
import { programOutput } from '../../partners/program.ts';

export type FoundSource = {
  /** The value for --source; empty if the audit cannot read this source. */
  readonly spec: string;
  readonly foundBy: string;
  /** What kind of source it is, or why it cannot be read. */
  readonly note: string;
};

export type Passdb = {
  readonly driver: string;
  /** True for a passdb that denies, or only serves master users: it has no accounts. */
  readonly skipped: boolean;
  readonly args: string;
};

const askMs = 10_000;
/** Folders with vpopmail's domains: the default, and Debian's. */
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
    return []; // installed but not configured
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

/** The value of `args`; since Dovecot 2.4 it is spread over several settings. */
function argsOf24(values: ReadonlyMap<string, string>): string {
  const names = ['passdb_default_password_scheme', 'default_password_scheme'];
  const scheme = names.map((name) => values.get(name)).find((value) => value !== undefined);
  const path = values.get('passwd_file_path') ?? '';
  return scheme === undefined || path === '' ? path : `scheme=${scheme} ${path}`;
}

/** Since Dovecot 2.4 the queries are in dovecot.conf itself, where the audit does not read them. */
const own24 =
  'the queries are in dovecot.conf, where the audit cannot read them; ' +
  'copy them to a file (docs/passwords.md) and use';

/** The sources of one passdb. The `spec` is empty if the audit cannot read it. */
export function sourcesOf({ driver, skipped, args }: Passdb): readonly FoundSource[] {
  const foundBy = 'doveconf';
  if (skipped) return [];
  switch (driver) {
    case 'passwd-file':
      return passwdFiles(args).map((spec) => ({ spec, foundBy, note: 'Dovecot’s passwd-file' }));
    case 'sql':
    case 'ldap': {
      const note = `a ${driver === 'sql' ? 'database' : 'directory'}, read as Dovecot reads it`;
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
      return [{ spec: '', foundBy, note: `passdb ${driver} has no hashes that can be read` }];
  }
}

/**
 * Specs of the files in `args`, such as `scheme=PLAIN username_format=%u /etc/dovecot/%d/users`.
 * The path comes last and may contain the domain.
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
    return true; // without nsswitch.conf, libc uses files
  }
}

async function cyrus(): Promise<readonly FoundSource[]> {
  if (!existsSync(postconfPath)) return [];
  try {
    const type = await postconf('smtpd_sasl_type', undefined);
    if (type !== 'cyrus' || !existsSync('/etc/sasldb2')) return [];
    const note =
      'Cyrus SASL stores clear passwords (/etc/sasldb2); sasldblistusers2 lists the accounts';
    return [{ spec: '', foundBy: 'postconf', note }];
  } catch {
    return []; // installed, and not configured
  }
}
