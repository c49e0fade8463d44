/**
 * Serves the files of the status page from the source and from node_modules, without a build.
 * Browsers cannot resolve a bare import (`from 'preact'`), and an import map would have to be
 * inline, which the page's CSP forbids. So each bare import of a served library is rewritten to its
 * path when the file is read. Files are read at their first request.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export type Asset = {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
};

/** For each import name, its path on this door and the module that is served there. */
const vendor: Readonly<Record<string, { readonly path: string; readonly module: string }>> = {
  preact: { path: '/vendor/preact.js', module: 'preact' },
  'preact/hooks': { path: '/vendor/preact-hooks.js', module: 'preact/hooks' },
  htm: { path: '/vendor/htm.js', module: 'htm' },
  uplot: { path: '/vendor/uplot.js', module: 'uplot/dist/uPlot.esm.js' },
  'uplot.css': { path: '/vendor/uplot.css', module: 'uplot/dist/uPlot.min.css' },
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

const pageFolder = new URL('../../page/', import.meta.url);

/** Finds the file for a path. Only listed files exist, so no path can leave the folder. */
export function openAssets(): (path: string) => Asset | undefined {
  const files = new Map<string, URL>();
  for (const name of readdirSync(pageFolder, { encoding: 'utf8', recursive: true })) {
    if (ending(name) in types) files.set(`/page/${name}`, new URL(name, pageFolder));
  }
  files.set('/', new URL('index.html', pageFolder));
  for (const { path, module } of Object.values(vendor)) {
    files.set(path, new URL(import.meta.resolve(module)));
  }
  const read = new Map<string, Asset>();
  return (asked) => {
    const path = isView(asked) ? '/' : asked;
    const known = read.get(path);
    if (known !== undefined) return known;
    const file = files.get(path);
    if (file === undefined) return undefined;
    const asset = load(file, types[ending(file.pathname)] ?? 'text/javascript; charset=utf-8');
    read.set(path, asset);
    return asset;
  };
}

/** The page shows all of these addresses itself (src/page/parts/route.js). */
export function isView(path: string): boolean {
  return view.test(path);
}

const view =
  /^\/(?:find|checklist|(?:held|providers|incidents|accounts|messages)(?:\/[^/]{1,1536})?)?$/;

function load(file: URL, type: string): Asset {
  const text = readFileSync(fileURLToPath(file), 'utf8');
  const body = Buffer.from(type.startsWith('text/javascript') ? withPaths(text) : text);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { type, body, gzip: gzipSync(body), etag };
}

/** Rewrites bare imports, and removes the pointer to a source map that is not served. */
function withPaths(source: string): string {
  return source
    .replace(/\b(from|import)(\s*)(["'])([a-z/.]+)\3/g, (whole, word, space, quote, name) => {
      const known = vendor[String(name)];
      return known === undefined ? whole : `${word}${space}${quote}${known.path}${quote}`;
    })
    .replace(/\n\/\/# sourceMappingURL=.*$/m, '');
}

function ending(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
