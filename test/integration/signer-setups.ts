/**
 * Generated set-ups of OpenDKIM and rspamd with up to 40 domains, in the forms that administrators
 * and their guides use. From a number, always the same.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type MadeSetup = {
  /** The file that the import is given. */
  readonly conf: string;
  /** Addresses of which mail is tried. */
  readonly authors: readonly string[];
};

export type SetupPlace = {
  readonly folder: string;
  /** Keys to choose from, as PEM. */
  readonly rsa: readonly string[];
  readonly ed25519: readonly string[];
  /** Gives a file to the user of the signer. */
  readonly give: (path: string) => void;
};

/** Numbers from a seed: 0 to below `count`. */
function numbers(seed: number): (count: number) => number {
  let state = seed * 2_654_435_761;
  return (count) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 3_266_489_917);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % count;
  };
}

class Maker {
  readonly #at: SetupPlace;
  readonly draw: (count: number) => number;

  constructor(seed: number, at: SetupPlace) {
    this.#at = at;
    this.draw = numbers(seed);
  }

  one<Value>(...from: readonly [Value, ...Value[]]): Value {
    return from[this.draw(from.length)] ?? from[0];
  }

  path(name: string): string {
    return join(this.#at.folder, name);
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    this.#folders(dirname(path));
    writeFileSync(path, text);
    chmodSync(path, 0o640);
    this.#at.give(path);
    return path;
  }

  key(name: string, kind: 'rsa' | 'ed25519' = 'rsa'): string {
    const keys = this.#at[kind];
    return this.write(name, keys[this.draw(keys.length)] ?? '');
  }

  #folders(folder: string): void {
    if (!folder.startsWith(this.#at.folder)) return;
    mkdirSync(folder, { recursive: true });
    for (let one = folder; one.startsWith(this.#at.folder); one = dirname(one)) {
      this.#at.give(one);
    }
  }
}

/** One of ten forms of each program, over 1 to 40 domains. */
export function makeOpendkim(seed: number, at: SetupPlace): MadeSetup {
  const make = new Maker(seed, at);
  const domains = domainsOf(make, seed);
  const head = [
    'RequireSafeKeys no',
    `Mode ${make.one('s', 'sv')}`,
    `Syslog ${make.one('no', 'No')} # quiet`,
  ];
  const forms = [opendkimTables, opendkimFolders, opendkimNames, opendkimSingle] as const;
  const form = forms[seed % forms.length] ?? opendkimTables;
  const made = form(make, domains);
  const lines = [...head, ...made.lines];
  const isSplit = make.draw(2) === 1;
  const included = make.write('included.conf', `${made.lines.join('\n')}\n`);
  const conf = isSplit ? `${head.join('\n')}\nInclude ${included}\n` : `${lines.join('\n')}\n`;
  const others = ['someone@unknown-domain.test', `someone@deep.${domains[0]}`];
  return { conf: make.write('opendkim.conf', conf), authors: [...made.authors, ...others] };
}

type Form = { readonly lines: readonly string[]; readonly authors: readonly string[] };

function domainsOf(make: Maker, seed: number): readonly string[] {
  const count = seed % 5 === 0 ? 40 : 1 + make.draw(39);
  return Array.from({ length: count }, (_, n) => `customer${String(n).padStart(2, '0')}-test.com`);
}

const info = (domain: string): string => `info@${domain}`;

/** KeyTable and SigningTable with a row for each domain, and some that are special. */
function opendkimTables(make: Maker, domains: readonly string[]): Form {
  const patterns = make.draw(2) === 0;
  const several = make.draw(2) === 0;
  const relative = make.draw(2) === 0;
  const keys: string[] = [];
  const signing: string[] = [];
  const authors: string[] = [];
  const any = (domain: string): string => (patterns ? `*@${domain}` : domain);
  for (const [n, domain] of domains.entries()) {
    const selector = make.one('mail', 'Default', '2024');
    const file = make.key(`keys/${n}/${selector}.private`);
    const place = relative ? `./keys/${n}/${selector}.private` : file;
    keys.push(`k${n} ${make.one(domain, '%')}:${selector}:${place}`);
    signing.push(`${any(make.one(domain, domain.toUpperCase()))} k${n}`);
    authors.push(info(domain));
    const brand = `brand${n}-test.com`;
    const special = make.draw(6);
    if (special === 0) signing.push(`${any(brand)} k${n}`);
    if (special === 1) {
      keys.push(`p${n} ${domain}:${selector}:${place}`);
      signing.push(`${patterns ? '*@*.' : '.'}${domain} p${n}`);
    }
    if (special === 2) signing.push(`boss@${brand} k${n}`);
    if (special <= 2) authors.push(special === 1 ? info(`shop.${domain}`) : `boss@${brand}`);
  }
  // With several signatures Postern would leave out the one of another domain, and say so.
  if (!several && make.draw(3) === 0) {
    const place = make.key('keys/all.private');
    keys.push(`all server-test.com:all:${place}`);
    signing.push('* all');
    authors.push('x@server-test.com');
  }
  const name = (table: string): string => (relative ? table : make.path(table));
  make.write('KeyTable', `# keys\n${keys.join('\n')}\n\n`);
  make.write('SigningTable', `${signing.join('\t# row\n')}\n`);
  return {
    lines: [
      ...(relative ? [`BaseDirectory ${make.path('')}`] : []),
      `keytable ${relative ? 'file:' : make.one('', 'file:')}${name('KeyTable')}`,
      `SigningTable ${patterns ? 'refile:' : 'file:'}${name('SigningTable')}`,
      ...(several ? [`MultipleSignatures ${make.one('Yes', 'true', 'T', '1', 'y')}`] : []),
    ],
    authors,
  };
}

/** One row for all: the key files say which domains there are. */
function opendkimFolders(make: Maker, domains: readonly string[]): Form {
  const shape = make.one('keys/%/mail.private', 'keys/%.private', 'keys/%/%.key');
  for (const domain of domains) make.key(shape.replaceAll('%', domain));
  make.write('keys/empty-test.com/readme', 'no key');
  const entry = `any %:mail:${make.path(shape)}`;
  const pattern = make.one('*', '*@*');
  const listed = pattern === '*' && make.draw(2) === 0;
  if (!listed) make.write('KeyTable', `${entry}\n`);
  make.write('SigningTable', `${pattern} any\n`);
  return {
    lines: [
      `KeyTable ${listed ? `csl:${entry.replace(' ', '=')}` : make.path('KeyTable')}`,
      `SigningTable ${listed ? 'csl:*=any' : `refile:${make.path('SigningTable')}`}`,
    ],
    authors: [...domains.map(info), 'info@empty-test.com'],
  };
}

/** SigningTable says that the key has the name of the domain. */
function opendkimNames(make: Maker, domains: readonly string[]): Form {
  const rows = domains.map((domain, n) => {
    const place = make.key(`k${n}.pem`);
    return `${domain} ${make.one('%', domain)}:s${n}:${place}`;
  });
  make.write('KeyTable', `${rows.join('\n')}\n`);
  return {
    lines: [`KeyTable ${make.path('KeyTable')}`, 'SigningTable csl:*=%'],
    authors: domains.map(info),
  };
}

/** Domain, Selector and KeyFile. */
function opendkimSingle(make: Maker, domains: readonly string[]): Form {
  const file = make.key('one.private');
  const kind = make.one('csl', 'bare', 'file');
  make.write('Domains', `${domains.join('\n')}\n`);
  const list = domains.join(',');
  const below = make.draw(2) === 0;
  return {
    lines: [
      `Domain ${kind === 'csl' ? `csl:${list}` : kind === 'bare' ? list : make.path('Domains')}`,
      'Selector Main',
      `KeyFile ${file}`,
      ...(below ? ['SubDomains yes'] : []),
    ],
    authors: [...domains.map(info), info(`sub.${domains[0]}`)],
  };
}

export function makeRspamd(seed: number, at: SetupPlace): MadeSetup {
  const make = new Maker(seed, at);
  const domains = domainsOf(make, seed);
  const forms = [rspamdTemplate, rspamdDomains, rspamdMaps, rspamdTables] as const;
  const form = forms[seed % forms.length] ?? rspamdTemplate;
  const made = form(make, domains);
  const lines = [
    '# allow_envfrom_empty = true;',
    make.one('sign_local = true;', 'sign_local yes'),
    make.one('use_redis = false; # only if Redis has the keys', 'use_redis = no'),
    ...made.lines,
  ];
  const text = `${lines.join('\n')}\n`;
  const conf =
    make.draw(2) === 0
      ? text
      : `selector = "wrong";\n.include(priority=2) "${make.write('more.conf', text)}"\n` +
        `.include(try=true,priority=3) "${make.path('none.conf')}"\n`;
  const others = ['someone@unknown-domain-test.com', `someone@deep.${domains[0]}`];
  return {
    conf: make.write('local.d/dkim_signing.conf', conf),
    authors: [...made.authors, ...others],
  };
}

function rspamdTemplate(make: Maker, domains: readonly string[]): Form {
  const shape = make.one(
    'keys/$domain.$selector.key',
    'keys/$domain/$selector.private',
    `keys/\${domain}/$domain.pem`,
  );
  const selector = make.one('dkim', 'mail', 'x2024');
  const file = (domain: string): string =>
    shape.replace(/\$(?:domain|\{domain\})/g, domain).replace('$selector', selector);
  for (const domain of domains) make.key(file(domain));
  return {
    lines: [`path = "${make.path(shape)}";`, `selector = "${selector}";`],
    authors: domains.map(info),
  };
}

function rspamdDomains(make: Maker, domains: readonly string[]): Form {
  const esld = make.draw(2) === 0;
  const authors: string[] = [];
  const blocks = domains.map((domain, n) => {
    const name = esld || make.draw(2) === 0 ? domain : `mail.${domain}`;
    authors.push(info(name), info(`sub.${domain}`));
    const path = make.key(`${n}.key`);
    if (make.draw(3) > 0) return `  ${name} { path = "${path}"; selector = "s${n}" }`;
    const other = make.key(`${n}.ed.key`, 'ed25519');
    return `  "${name}" {\n selectors [ { path: "${path}"; selector: "s${n}" },
      { path = "${other}"; selector = "ed"; } ]\n  }`;
  });
  return {
    lines: [
      `use_esld = ${esld};`,
      `try_fallback = ${make.one('true', 'false')};`,
      `path = "${make.path('none')}/$domain.$selector.key"`,
      `domain {\n${blocks.join('\n')}\n}`,
    ],
    authors,
  };
}

function rspamdMaps(make: Maker, domains: readonly string[]): Form {
  const paths: string[] = ['# domain path'];
  const selectors: string[] = ['* none'];
  for (const [n, domain] of domains.entries()) {
    const kind = make.draw(3);
    const selector = kind === 1 ? 'dkim' : `s${n}`;
    const file = kind === 0 ? `keys/${domain}.${selector}.key` : `own/${n}.$selector.pem`;
    make.key(file.replace('$selector', selector));
    if (kind !== 0) paths.push(`${domain} ${make.path(file)}`);
    if (kind !== 1) selectors.push(`${make.one(domain, `"${domain}"`)}   ${selector}`);
  }
  const selectorMap = make.write('sel.map', `${selectors.join('\n')}\n`);
  return {
    lines: [
      'selector = "dkim";',
      `path = "${make.path('keys')}/$domain.$selector.key";`,
      `path_map = "${make.write('paths.map', `${paths.join('\n')}\n`)}";`,
      `selector_map "${make.one('', 'file://')}${selectorMap}"`,
    ],
    authors: domains.map(info),
  };
}

/** Tables in the form of OpenDKIM. */
function rspamdTables(make: Maker, domains: readonly string[]): Form {
  const keys = domains.map((domain, n) => {
    const place = make.key(`t/${n}.key`);
    return `k${n} ${make.one(domain, '%')}:s${n}:${place}`;
  });
  const rows = domains.map((domain, n) => `*@${domain} k${n}`);
  const brand = 'brand-test.com';
  return {
    lines: [
      `signing_table = "${make.write('signing', `${rows.join('\n')}\n*@${brand} first\n`)}";`,
      `key_table = "${make.write(
        'keys.table',
        `${keys.join('\n')}\nfirst ${domains[0]}:s0:${make.path('t/0.key')}\n`,
      )}";`,
    ],
    authors: [...domains.map(info), info(brand)],
  };
}
