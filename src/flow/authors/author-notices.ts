/** Notices at the begin and at the end of the time of observation. Pure. */
import type { SuggestedPair } from '../../core/authors/suggest.ts';
import type { Notice } from '../../core/notice.ts';
import { mayWriteAsCommand } from '../../core/unsigned-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { AuthorsView } from '../../ports/authors.ts';
import type { World } from '../../ports/world.ts';

/** Pairs that a notice names; the command shows all. */
const namedMax = 20;
const command = 'postern accounts may-write-as --suggest';

export function observationNotice(
  what: 'begun' | 'ended',
  { observation, suggestions }: Pick<AuthorsView, 'observation' | 'suggestions'>,
  of: {
    readonly host: string;
    readonly world: Pick<World, 'clock' | 'newId'>;
    readonly iso: (at: Millis) => string;
  },
): Notice {
  const at = of.iso(of.world.clock.now());
  const { until } = observation;
  const texts =
    what === 'begun'
      ? [`The observation ends ${until === undefined ? 'soon' : of.iso(until)}.`]
      : listed(suggestions);
  return {
    version: 1,
    id: of.world.newId(),
    host: of.host,
    at,
    since: at,
    event: what === 'begun' ? 'authors.observing' : 'authors.observed',
    account: '',
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: texts.map((text) => ({ signal: 'authors', text })),
    undo: '',
    explain: command,
  };
}

function listed(suggestions: readonly SuggestedPair[]): readonly string[] {
  const honest = suggestions.filter(({ isSuggested }) => isSuggested);
  if (honest.length === 0) return ['No mail needed a declaration.'];
  const named = honest.slice(0, namedMax).map((one) => {
    const doubt = one.doubt === '' ? '' : `; look at it first: ${one.doubt}`;
    return `${one.messages} messages on ${one.days} days${doubt}: ${mayWriteAsCommand(one)}`;
  });
  const rest = honest.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more: ${command}`];
}
