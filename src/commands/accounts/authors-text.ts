/** Declarations of authors, and suggestions, as text for a terminal. Pure. */
import type { SuggestedPair } from '../../core/authors/suggest.ts';
import { mayWriteAsCommand } from '../../core/unsigned-text.ts';
import type { AuthorsView } from '../../ports/authors.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, table } from '../terminal/table.ts';

export function declarationListText({ declarations }: Pick<AuthorsView, 'declarations'>): string {
  if (declarations.length === 0) return 'Nothing is declared.\n';
  return table(
    [
      { title: 'ACCOUNT' },
      { title: 'MAY WRITE AS' },
      { title: 'SINCE' },
      { title: 'BY' },
      { title: 'NOTE' },
    ],
    declarations.map((one) => [
      plain(one.account),
      plain(one.address),
      clock(one.at),
      plain(one.by),
      plain(one.note),
    ]),
  );
}

/** Comments begin with #, so the text is a list that --accept takes. */
export function suggestionsText({
  observation,
  suggestions,
}: Pick<AuthorsView, 'observation' | 'suggestions'>): string {
  const { from, isRunning, until } = observation;
  const isNone = from === undefined || from === null;
  const head = isNone
    ? '# There was no observation: postern accounts may-write-as --observe 14d\n'
    : `# Observed since ${clock(from)}, ${isRunning ? 'until' : 'ended'} ${clock(until ?? 0)}.\n`;
  if (suggestions.length === 0) {
    const none = isNone
      ? 'What leaves unsigned now: postern status'
      : 'Nothing more was seen that needs a declaration.';
    return `${head}# ${none}\n`;
  }
  return head + suggestions.map(suggestionText).join('');
}

function suggestionText(one: SuggestedPair): string {
  const often = `${many(one.messages, 'message')} on ${many(one.days, 'day')}`;
  const seen = `${often}, last ${clock(one.lastAt)}`;
  const command = mayWriteAsCommand(one);
  if (!one.isSuggested) return `# not suggested, ${plain(one.doubt)}: ${seen}\n# ${command}\n`;
  const doubt = one.doubt === '' ? '' : `; look at it first, ${plain(one.doubt)}`;
  return `# ${seen}${doubt}\n${one.doubt === '' ? command : `# ${command}`}\n`;
}
