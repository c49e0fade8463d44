/** What a list of recipients would have refused of the mail in the log; shown before it is set. */
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { wordsOf } from '../../../partners/postfix/lists.ts';
import { postconf } from '../../../partners/postfix/postconf.ts';
import { knownIn } from '../../../partners/postfix/recipients/known.ts';
import { dayText, many, plain } from '../../terminal/format.ts';
import { lookBackDays, type SeenRecipient } from './log.ts';
import { aliasTables, isOf, type MeansChoice, type PlanInput } from './plan.ts';

const shownMax = 20;

/** Recipients of the log that Postfix would refuse by this choice; those that got mail first. */
export async function wouldRefuse(
  input: PlanInput,
  choices: readonly MeansChoice[],
): Promise<readonly SeenRecipient[]> {
  const { configDirectory, seen } = input;
  const delimiter = await postconf('recipient_delimiter', configDirectory);
  const aliases = await aliasTables(configDirectory);
  const refused: SeenRecipient[] = [];
  for (const choice of choices) {
    const { means: by, of, recipients } = choice;
    const here = [...seen.recipients.values()].filter(({ address }) => isOf(of, address));
    if (by === 'ask') {
      // The server that delivers is asked; what it took last it takes again.
      refused.push(...here.filter(({ isGone }) => isGone));
      continue;
    }
    const tables = await tablesOf(choice, configDirectory);
    const list = new Set(recipients);
    const how = { delimiter, isLocal: of.kind === 'local', configDirectory };
    const all = here.map(({ address }) => address);
    const known = await knownIn([...tables, ...aliases], all, how);
    refused.push(
      ...here.filter(({ address }) => !known.has(address) && !list.has(bare(address, delimiter))),
    );
  }
  return refused.sort((one, two) => (two.sentAt ?? 0) - (one.sentAt ?? 0));
}

async function tablesOf(
  { means: by, table }: MeansChoice,
  configDirectory: string,
): Promise<readonly string[]> {
  if (by !== 'system') return by === 'list' ? [] : [table];
  return ['unix:passwd.byname', ...wordsOf(await postconf('alias_maps', configDirectory))];
}

/** The address without its extension. */
function bare(address: string, delimiter: string): string {
  const at = address.lastIndexOf('@');
  const cut = [...address].findIndex(
    (char, nth) => nth > 0 && nth < at && delimiter.includes(char),
  );
  return cut < 0 ? address : address.slice(0, cut) + address.slice(at);
}

export function showRefused(
  refused: readonly SeenRecipient[],
  files: readonly string[],
  show: (text: string) => void,
): void {
  if (files.length === 0) {
    show('note: there is no mail log to compare with; name one with --log\n');
    return;
  }
  const days = `of the last ${lookBackDays} days`;
  if (refused.length === 0) {
    show(`No recipient ${days} would have been refused.\n`);
    return;
  }
  show(`${many(refused.length, 'recipient')} ${days} would have been refused:\n`);
  for (const { address, bouncedAt, sentAt, why } of refused.slice(0, shownMax)) {
    const got = sentAt === undefined ? 'got no mail' : `got mail on ${dayText(sentAt)}`;
    const back = bouncedAt === undefined ? '' : `; mail was returned: ${plain(why)}`;
    show(`  ${plain(address)}  ${got}${back}\n`);
  }
  if (refused.length > shownMax) show(`  and ${refused.length - shownMax} more\n`);
}

export function mustNotHaveGot(refused: readonly SeenRecipient[]): void {
  const got = refused.filter(({ isGone, sentAt }) => sentAt !== undefined && !isGone);
  if (got.length === 0) return;
  throw new OperatorError(
    'would-refuse',
    `${many(got.length, 'recipient')} that got mail would be refused, so nothing was changed: ` +
      got
        .slice(0, shownMax)
        .map(({ address }) => plain(address))
        .join(', '),
    {
      hint: 'add them to the table or the list; or choose another way with --by',
      exit: sysexits.config,
    },
  );
}
