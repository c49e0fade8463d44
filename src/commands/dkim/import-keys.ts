/** Reads private keys of another signer, and hands them to the admin, for `postern dkim import`. */
import { isKeyName, keyName, recordText } from '../../core/signing/key.ts';
import { algorithmOf, type DkimAlgorithm } from '../../formats/dkim/signing-key.ts';
import type { ConfiguredKey } from '../../formats/filters/signer-setup.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { openPrivateKey, type PrivateKey, rsaBits } from '../../lib/private-key.ts';
import { keyFile, unwriteKeyFile, writeKeyFile } from '../../partners/keys/key-files.ts';
import { readPrivateKeyText } from '../../partners/keys/private-key-file.ts';
import type { KeyView } from '../../ports/admin.ts';
import type { KeyAdminClient } from './key-client.ts';

/** One line of the report. */
export type ImportLine = { readonly key: string; readonly taken: boolean; readonly text: string };

export type ReadableKey = ConfiguredKey & {
  readonly text: string;
  readonly about: string;
  readonly opened: PrivateKey;
};

/** Keys in one request to the admin. */
const atOnce = 500;

/** Reads the private keys; a line of the report for each that cannot be read. */
export function readKeys(keys: readonly ConfiguredKey[]): {
  readonly ready: readonly ReadableKey[];
  readonly wrong: readonly ImportLine[];
} {
  const ready: ReadableKey[] = [];
  const wrong: ImportLine[] = [];
  for (const found of keys) {
    const read = readKey(found);
    if ('about' in read) ready.push(read);
    else wrong.push(read);
  }
  return { ready, wrong };
}

function readKey(found: ConfiguredKey): ReadableKey | ImportLine {
  const { domain, selector, key } = found;
  const refused = (text: string): ImportLine => ({ key: keyName(found), taken: false, text });
  if (!isKeyName(domain) || !isKeyName(selector)) return refused('is no valid DNS name');
  if (key.kind === 'elsewhere') {
    return refused(
      `is ${key.where}, which Postern does not read; save it to a file, then postern dkim import ` +
        `file FILE --domain ${domain} --selector ${selector}`,
    );
  }
  try {
    const read = key.kind === 'file' ? readPrivateKeyText(key.path) : inline(key.text);
    const { type, bits } = read.key;
    const weak =
      type === 'rsa' && bits < rsaBits.advised
        ? `, fewer than ${rsaBits.advised}; replace it soon: postern dkim rotate`
        : '';
    const about = type === 'rsa' ? `RSA, ${bits} bits${weak}` : 'Ed25519';
    return { ...found, text: read.text, about, opened: read.key };
  } catch (error) {
    const text = faultText(error);
    const isOpen = key.kind === 'file' && text.endsWith('by every user');
    return refused(
      isOpen ? `${text}; chmod 0640 ${key.path}, import again, and replace the key soon` : text,
    );
  }
}

function inline(text: string): ReturnType<typeof readPrivateKeyText> {
  const opened = openPrivateKey(text);
  if (opened.ok) return { text, key: opened.value };
  throw new OperatorError('key-file', `the key in KeyTable ${opened.error.text}`);
}

/** Says what an import would do, with the keys that are known already. */
export function foretold(
  known: readonly KeyView[],
  ready: readonly ReadableKey[],
): readonly ImportLine[] {
  const lines = new Map(
    known.filter(isUsable).map((key) => [lineOf(key.domain, key.algorithm), key.selector] as const),
  );
  const names = new Map(known.map((key) => [keyName(key), key]));
  return ready.map((key) => {
    const line = lineOf(key.domain, algorithmOf(key.opened.type));
    const there = lines.get(line);
    const same = names.get(keyName(key));
    if (same !== undefined) return knownAlready(key, same, known);
    if (there !== undefined) {
      const text = `would not be taken: ${there} is there for that already`;
      return { key: keyName(key), taken: false, text };
    }
    lines.set(line, key.selector);
    return { key: keyName(key), taken: true, text: `would be imported (${key.about})` };
  });
}

/** `same`: the key that Postern has under this name. */
function knownAlready(key: ReadableKey, same: KeyView, known: readonly KeyView[]): ImportLine {
  const said = (taken: boolean, text: string): ImportLine => ({ key: keyName(key), taken, text });
  const { domain, selector } = key;
  const algorithm = algorithmOf(key.opened.type);
  if (!isUsable(same)) {
    const next = known.find(
      (one) => isUsable(one) && lineOf(one.domain, one.algorithm) === lineOf(domain, algorithm),
    );
    if (next !== undefined) return said(true, `is retired here; ${next.selector} has followed it`);
    return said(
      false,
      `is retired here (${same.state}), and Postern uses a selector only once; ` +
        `make another key: postern dkim new ${domain}`,
    );
  }
  if (same.record.text === recordText({ algorithm, publicKey: key.opened.publicKey })) {
    return said(true, 'is known already');
  }
  return said(
    false,
    'is another key than the one that Postern has under this name; import it under another ' +
      `selector, and publish its record there: ${selector} stays with the key of Postern`,
  );
}

/** A key that signs for its whole domain, or will. */
export function isUsable({ holder, state }: KeyView): boolean {
  if (holder !== undefined) return false;
  return state === 'made' || state === 'published' || state === 'seen' || state === 'signing';
}

function lineOf(domain: string, algorithm: DkimAlgorithm): string {
  return `${domain} ${algorithm}`;
}

/** Writes the files of keys, then asks the admin to adopt them. Removes files that it refuses. */
export async function takeKeys(
  admin: KeyAdminClient,
  ready: readonly ReadableKey[],
  note: string,
): Promise<readonly ImportLine[]> {
  const known = await admin.list();
  const names = new Map(known.map((key) => [keyName(key), key]));
  const lines: ImportLine[] = [];
  const written: ReadableKey[] = [];
  for (const key of ready) {
    const name = keyName(key);
    const same = names.get(name);
    if (same !== undefined) {
      lines.push(knownAlready(key, same, known));
      continue;
    }
    try {
      writeKeyFile(admin.folder, keyFile(key), key.text);
      written.push(key);
    } catch (error) {
      lines.push({ key: name, taken: false, text: faultText(error) });
    }
  }
  const said = new Map<string, string>();
  let refusal = '';
  for (let at = 0; at < written.length; at += atOnce) {
    const some = written
      .slice(at, at + atOnce)
      .map(({ domain, selector }) => ({ domain, selector }));
    const answer = (await admin.adopt(some, note)).text.split('\n');
    refusal ||= answer[0] ?? '';
    for (const line of answer) {
      const [, key = '', words = ''] = /^(\S+ of \S+): (.*)$/s.exec(line) ?? [];
      if (key !== '' && !said.has(key)) said.set(key, words);
    }
  }
  const after = new Map((await admin.list()).map((key) => [keyName(key), key]));
  for (const key of written) {
    const there = after.get(keyName(key));
    if (there === undefined) unwriteKeyFile(admin.folder, keyFile(key));
    const words = said.get(`${key.selector} of ${key.domain}`) ?? refusal;
    lines.push({ key: keyName(key), taken: there !== undefined, text: `${words} (${key.about})` });
  }
  return lines;
}
