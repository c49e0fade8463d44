/**
 * Checks OpenMetrics 1.0 text strictly, for tests of what `/metrics` prints. Returns every sample
 * by name and labels, or throws an error that says which line breaks which rule.
 */
const nameRule = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleRule =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|[+-]Inf|NaN)$/;
const labelRule = /^[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"$/;
const endings = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_count', '_sum'] };

type Family = { readonly title: string; readonly kind: keyof typeof endings };

/** Every sample, from `name` or `name{label="value"}` to its number. */
export function readOpenMetrics(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith('\n# EOF\n') && text !== '# EOF\n') throw new Error('must end in # EOF');
  const samples = new Map<string, number>();
  const titles = new Set<string>();
  let family: Family | undefined;
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    if (line.startsWith('# TYPE ')) family = opened(line, titles);
    else if (line.startsWith('# ')) checkNote(line, family);
    else {
      const { key, value } = sample(line, family);
      if (samples.has(key)) throw new Error(`twice: ${line}`);
      samples.set(key, value);
    }
  }
  return samples;
}

function opened(line: string, titles: Set<string>): Family {
  const [title = '', kind = '', ...more] = line.slice('# TYPE '.length).split(' ');
  if (!nameRule.test(title) || more.length > 0) throw new Error(`bad TYPE: ${line}`);
  if (titles.has(title)) throw new Error(`family twice: ${title}`);
  if (kind !== 'counter' && kind !== 'gauge' && kind !== 'histogram') {
    throw new Error(`unknown type: ${line}`);
  }
  if (title.endsWith('_total')) throw new Error(`a family is named without _total: ${line}`);
  titles.add(title);
  return { title, kind };
}

function checkNote(line: string, family: Family | undefined): void {
  const [, word, title = '', ...rest] = line.split(' ');
  if (word !== 'HELP' && word !== 'UNIT') throw new Error(`unknown comment: ${line}`);
  if (title !== family?.title) throw new Error(`outside its family: ${line}`);
  if (word === 'UNIT' && !title.endsWith(`_${rest.join(' ')}`)) {
    throw new Error(`the unit must end the name: ${line}`);
  }
  if (line.replace(/\\[\\n"]/g, '').includes('\\')) throw new Error(`bad escape: ${line}`);
}

function sample(line: string, family: Family | undefined): { key: string; value: number } {
  const [, name = '', labels, number = ''] = sampleRule.exec(line) ?? [];
  if (name === '' || family === undefined) throw new Error(`not a sample: ${line}`);
  if (!endings[family.kind].some((ending) => name === family.title + ending)) {
    throw new Error(`does not belong to ${family.kind} ${family.title}: ${line}`);
  }
  for (const label of labels === undefined ? [] : labels.split(/,(?=[a-zA-Z_])/)) {
    if (!labelRule.test(label)) throw new Error(`bad label: ${line}`);
  }
  const value = Number(number.replace('Inf', 'Infinity'));
  if (family.kind === 'counter' && !(value >= 0)) throw new Error(`counter below 0: ${line}`);
  return { key: labels === undefined ? name : `${name}{${labels}}`, value };
}
