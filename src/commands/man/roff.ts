/** Text for man(7): escaped, and put into the macros that groff and mandoc both know. Pure. */

const special: Readonly<Record<string, string>> = {
  '\\': '\\e',
  // A bare one may become a hyphen that no shell reads.
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '’': '\\(cq',
  '…': '...',
};

/** One line of text. Nothing in it is read as a command of roff. */
export function escaped(text: string): string {
  const line = text.replace(/[\\\-'`^~’…]/g, (found) => special[found] ?? found);
  return line.replace(/^\./, '\\&.').replaceAll('\n', ' ');
}

/** An argument of a macro. */
export function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`;
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function heading(title: string): string {
  return `.SH ${quoted(title.toUpperCase())}\n`;
}

export function subheading(title: string): string {
  return `.SS ${quoted(title)}\n`;
}

/** A paragraph that is filled anew to the width of the terminal. */
export function paragraph(text: string): string {
  return `.PP\n${escaped(text.replace(/\s*\n\s*/g, ' '))}\n`;
}

/** Lines that stay as they are. */
export function literal(text: string): string {
  const lines = text.split('\n').map((line) => escaped(line).replace(/^(?=\s)/, '\\&'));
  return `.PP\n.nf\n${lines.join('\n')}\n.fi\n`;
}

/** A term, and below it what it means. An empty meaning leaves the term alone. */
export function entry(term: string, meaning: string): string {
  return meaning === ''
    ? `.PP\n${bold(term)}\n`
    : `.TP\n${bold(term)}\n${escaped(meaning.replace(/\s*\n\s*/g, ' '))}\n`;
}

/** A heading begins a paragraph already. */
export function tidied(page: string): string {
  return page.replace(/^(\.S[HS] .*\n)\.PP\n/gm, '$1');
}
