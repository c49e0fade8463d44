/**
 * Finds the files that a path with placeholders names, such as `/keys/$domain/$selector.private`:
 * the folders of the path are listed, and the names say which domains have a key. Pure.
 */

export type TemplateFile = {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
};

/** Names that are looked at; hosting companies have some ten thousand domains. */
const namesMax = 100_000;

/**
 * All files of the template. `kinds`: for each placeholder the pattern of its value. `names` lists
 * a folder, undefined if it cannot be read. Undefined if there are too many names.
 */
export function templateFiles(
  template: string,
  kinds: Readonly<Record<string, string>>,
  names: (folder: string) => readonly string[] | undefined,
): readonly TemplateFile[] | undefined {
  let found: readonly TemplateFile[] = [{ path: '', values: {} }];
  let looked = 0;
  for (const segment of template.split('/').slice(1)) {
    const next: TemplateFile[] = [];
    for (const { path, values } of found) {
      const filled = filledIn(segment, values);
      const pattern = patternOf(filled, kinds);
      if (pattern === undefined) {
        const isKnown = path === '' || Object.keys(values).length === 0;
        if (isKnown || names(path)?.includes(filled) === true) {
          next.push({ path: `${path}/${filled}`, values });
        }
      } else {
        const here = names(path === '' ? '/' : path) ?? [];
        looked += here.length;
        if (looked > namesMax) return undefined;
        for (const name of here) {
          const match = pattern.exec(name);
          if (match === null) continue;
          next.push({ path: `${path}/${name}`, values: { ...values, ...match.groups } });
        }
      }
    }
    found = next;
  }
  return found;
}

/** Tells whether a file is there; each folder is looked at once. */
export function fileFinder(
  names: (folder: string) => readonly string[] | undefined,
): (path: string) => boolean {
  const known = new Map<string, ReadonlySet<string>>();
  return (path) => {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, slash) || '/';
    const there = known.get(folder) ?? new Set(names(folder));
    known.set(folder, there);
    return there.has(path.slice(slash + 1));
  };
}

/** The template with these values in place of `$name` and `${name}`. */
export function filledIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(
    /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g,
    (whole, braced: string | undefined, bare: string | undefined) =>
      own(values, braced ?? bare ?? '') ?? whole,
  );
}

/** The names that fit a segment; undefined if it has no placeholder. */
function patternOf(segment: string, kinds: Readonly<Record<string, string>>): RegExp | undefined {
  const seen = new Set<string>();
  const placeholder = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;
  let text = '';
  let from = 0;
  for (const match of segment.matchAll(placeholder)) {
    const name = match[1] ?? match[2] ?? '';
    const kind = own(kinds, name);
    if (kind === undefined) continue;
    text += literal(segment.slice(from, match.index));
    text += seen.has(name) ? `\\k<${name}>` : `(?<${name}>${kind})`;
    seen.add(name);
    from = match.index + match[0].length;
  }
  return seen.size === 0 ? undefined : new RegExp(`^${text}${literal(segment.slice(from))}$`, 'i');
}

/** A variable can have any name, `$constructor` too. */
function own(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function literal(text: string): string {
  return text.replace(/[.*+?^()|[\]\\{}$]/g, '\\$&');
}
