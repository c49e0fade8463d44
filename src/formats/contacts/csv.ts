/**
 * Address books as CSV or TSV (RFC 4180), as Thunderbird, Outlook, Gmail and spreadsheets export
 * them. Columns that hold addresses are found by their heading in many languages, or by what they
 * hold: whole cells that are addresses. Notes, chat names and types of addresses are passed over.
 */
import { type ContactReader, contactOf, type FoundContacts } from './found.ts';
import { mailboxes } from './mailboxes.ts';

/** Rows that are looked at to find the columns. */
const sampleRows = 200;
const cellLengthMax = 64 * 1024;
const rowLengthMax = 1024 * 1024;
const cellsMax = 1_000;
/** How much is looked at to find what stands between cells. */
const headLengthMax = 64 * 1024;
const delimiters = [',', ';', '\t'] as const;

const mailHeading =
  /mail|courriel|correo|adres|indirizzo|posta|epost|sähköposti|почт|メール|邮|電郵|이메일/iu;
const otherHeading =
  /typ|label|display|screen|anzeige|affich|web|home|url|chat|jabber|xmpp|skype|^im\b|note/iu;

export function openCsv(found: FoundContacts): ContactReader {
  const reader = new CsvReader((row) => columns.row(row), found);
  const columns = new Columns(found);
  const decoder = new TextDecoder('utf-8');
  return {
    take: (chunk) => reader.take(decoder.decode(chunk, { stream: true })),
    end() {
      reader.end(decoder.decode());
      columns.end();
    },
  };
}

/** Which of these stands between the cells of the first line. */
export function delimiterOf(head: string): string {
  const [line = ''] = head.split('\n', 1);
  const said = /^sep=([,;\t|])\r?$/.exec(line)?.[1];
  if (said !== undefined) return said;
  const outside = line.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((one) => outside.split(one).length);
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ',';
}

/** Cuts text into rows of cells. What is too long is left out up to the end of its line. */
class CsvReader {
  readonly #row: (cells: readonly string[]) => void;
  readonly #found: FoundContacts;
  #delimiter: string | undefined;
  #head = '';
  #state: 'start' | 'plain' | 'quoted' | 'quote' | 'skip' = 'start';
  #cell = '';
  #cells: string[] = [];
  #length = 0;

  constructor(row: (cells: readonly string[]) => void, found: FoundContacts) {
    this.#row = row;
    this.#found = found;
  }

  take(text: string): void {
    if (this.#delimiter !== undefined) {
      this.#read(text);
      return;
    }
    this.#head += text;
    if (this.#head.includes('\n') || this.#head.length > headLengthMax) this.#begin();
  }

  end(text: string): void {
    this.take(text);
    if (this.#delimiter === undefined) this.#begin();
    if (this.#state === 'quoted') this.#found.leftOut.damaged++;
    this.#endRow();
  }

  #begin(): void {
    this.#delimiter = delimiterOf(this.#head);
    const head = this.#head;
    this.#head = '';
    this.#read(head);
  }

  #read(text: string): void {
    for (const char of text) {
      if (this.#state === 'skip') {
        if (char === '\n') this.#restart();
        continue;
      }
      this.#length++;
      if (this.#state === 'quoted') {
        if (char === '"') this.#state = 'quote';
        else this.#cell += char;
      } else if (char === '"' && this.#state === 'quote') {
        this.#cell += '"';
        this.#state = 'quoted';
      } else if (char === '\n') this.#endRow();
      else if (char === this.#delimiter) this.#endCell();
      else if (char === '"' && this.#state === 'start') this.#state = 'quoted';
      else if (this.#state !== 'start' || char !== ' ') {
        this.#cell += char;
        this.#state = 'plain';
      }
      if (this.#isTooLong()) {
        this.#found.leftOut.damaged++;
        this.#restart();
        this.#state = 'skip';
      }
    }
  }

  #isTooLong(): boolean {
    if (this.#length > rowLengthMax || this.#cells.length > cellsMax) return true;
    return this.#cell.length > cellLengthMax;
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endRow(): void {
    if (this.#state === 'skip') return;
    this.#endCell();
    const cells = this.#cells.map((cell) => cell.trim());
    this.#restart();
    if (cells.some((cell) => cell !== '')) this.#row(cells);
  }

  #restart(): void {
    this.#cells = [];
    this.#cell = '';
    this.#length = 0;
    this.#state = 'start';
  }
}

/** Finds the columns that hold addresses, and takes these. */
class Columns {
  readonly #found: FoundContacts;
  #sample: (readonly string[])[] | undefined = [];
  #taken: readonly number[] = [];

  constructor(found: FoundContacts) {
    this.#found = found;
  }

  row(cells: readonly string[]): void {
    if (this.#sample === undefined) this.#take(cells);
    else if (this.#sample.push(cells) >= sampleRows) this.#decide(this.#sample);
  }

  end(): void {
    if (this.#sample !== undefined) this.#decide(this.#sample);
  }

  #decide(sample: readonly (readonly string[])[]): void {
    const rows = /^sep=.$/.test(sample[0]?.[0] ?? '') ? sample.slice(1) : sample;
    const [first = []] = rows;
    const headings = first.some((cell) => addressesIn(cell).some(isAddress)) ? [] : first;
    const body = headings.length > 0 ? rows.slice(1) : rows;
    const width = Math.max(0, ...rows.map((cells) => cells.length));
    this.#taken = Array.from({ length: width }, (_, column) => column).filter((column) =>
      holdsAddresses(headings[column] ?? '', body, column),
    );
    this.#sample = undefined;
    for (const cells of body) this.#take(cells);
  }

  #take(cells: readonly string[]): void {
    this.#found.entry(this.#taken.flatMap((column) => addressesIn(cells[column] ?? '')));
  }
}

function holdsAddresses(
  heading: string,
  rows: readonly (readonly string[])[],
  column: number,
): boolean {
  if (otherHeading.test(heading)) return false;
  let filled = 0;
  let addresses = 0;
  for (const cells of rows) {
    const cell = cells[column] ?? '';
    if (cell === '') continue;
    filled++;
    if (addressesIn(cell).some(isAddress)) addresses++;
  }
  return addresses > 0 && (mailHeading.test(heading) || addresses * 2 >= filled);
}

/** Gmail writes ` ::: ` between several addresses of one kind. */
function addressesIn(cell: string): readonly string[] {
  return cell.split(':::').flatMap(mailboxes);
}

const isAddress = (text: string): boolean => contactOf(text) !== undefined;
