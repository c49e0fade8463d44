/**
 * The last links: one notice by each channel, which says DRILL and what was found. The webhook
 * comes first, so that the mail tells what is wrong with it. If the mail fails, the webhook gets a
 * second notice that says so. Without a guard, this command sends the notices.
 */
import type { Config } from '../../config/schema.ts';
import type { Chain, Tried } from '../../core/drill/links.ts';
import { drillSummary, firstFailed } from '../../core/drill/report.ts';
import type { OwnCommand } from '../../core/own-command.ts';
import { noticeChannels } from '../../daemon/notices.ts';
import { drillNotice } from '../../flow/drill/drill-notice.ts';
import { faultText } from '../../lib/error-text.ts';
import { secondMs } from '../../lib/time.ts';
import { isLoopback } from '../../partners/smtp/submission.ts';
import { commandAnywhere } from '../guard/called.ts';
import type { GuardSide } from './guard-side.ts';

/** How long the mail log may take until it says that the notice has left. */
const deliveryMs = 20 * secondMs;
const linesMax = 20;
const textMax = 1_000;

type ChannelName = 'mail' | 'webhook';
type Teller = {
  readonly channels: readonly string[];
  /** Undefined: it was taken. */
  send(channel: ChannelName, lines: Lines, fine: boolean): Promise<string | undefined>;
};
type Lines = readonly { readonly signal: string; readonly text: string }[];

export async function tellByNotices(
  chain: Chain,
  of: {
    readonly config: Config;
    readonly state: string;
    readonly host: string;
    readonly guard: GuardSide | undefined;
  },
): Promise<void> {
  const { config, guard, host, state } = of;
  const teller = (await byGuard(guard)) ?? byCommand(config, host, commandAnywhere(state));
  if (teller.channels.length === 0) {
    const saw = 'no channel is configured: nobody is told of a hijack';
    const fix = 'set notices.mail_to or notices.webhook in postern.toml, then restart Postern';
    chain.note('mail', { state: 'failed', saw, fix });
    chain.note('webhook', { state: 'unset', saw: 'notices.webhook is not set' });
    return;
  }
  const tell = (channel: ChannelName): Promise<string | undefined> => {
    const { fine, lines } = found(chain);
    return teller.send(channel, lines, fine);
  };
  if (!teller.channels.includes('webhook')) {
    chain.note('webhook', { state: 'unset', saw: 'notices.webhook is not set' });
  } else {
    const fault = await tell('webhook');
    if (fault === undefined) chain.note('webhook', { state: 'fine', saw: 'it was taken (2xx)' });
    else chain.note('webhook', { state: 'failed', saw: fault });
  }
  if (!teller.channels.includes('mail')) {
    chain.note('mail', { state: 'unset', saw: 'notices.mail_to is not set' });
    return;
  }
  const fault = await tell('mail');
  const tried =
    fault === undefined
      ? await delivered(of, chain.holds('log'))
      : ({ state: 'failed', saw: fault } as const);
  chain.note('mail', tried);
  if (tried.state === 'failed' && chain.holds('webhook')) await tell('webhook');
}

/** What was found so far. Links of the notices themselves are still open. */
function found(chain: Chain): { readonly fine: boolean; readonly lines: Lines } {
  const results = chain.results();
  const links = results.filter((link) => {
    const isNotice = link.id === 'mail' || link.id === 'webhook';
    return !isNotice || link.state === 'failed';
  });
  const fine = firstFailed(links) === undefined && links.every(({ state }) => state === 'fine');
  const broken = links.filter(({ state }) => state === 'failed');
  const lines = [
    { signal: 'summary', text: drillSummary(links) },
    ...broken.map(({ fix, id, saw, title }) => ({
      signal: id,
      text: `${title}: FAILED. Seen: ${saw}. Fix: ${fix}`.slice(0, textMax),
    })),
  ];
  return { fine, lines: lines.slice(0, linesMax) };
}

async function byGuard(guard: GuardSide | undefined): Promise<Teller | undefined> {
  if (guard === undefined) return undefined;
  try {
    const channels = await guard.channels();
    return {
      channels,
      send: async (channel, lines, fine) => (await guard.notice({ channel, lines, fine })).fault,
    };
  } catch {
    return undefined; // it is gone
  }
}

function byCommand(config: Config, host: string, own: OwnCommand): Teller {
  const channels = noticeChannels(config, host, own);
  return {
    channels: channels.map(({ name }) => name),
    async send(channel, lines, fine) {
      const notice = drillNotice({
        id: crypto.randomUUID(),
        host,
        at: new Date().toISOString(),
        fine,
        lines,
      });
      try {
        const one = channels.find(({ name }) => name === channel);
        await one?.send(notice, AbortSignal.timeout(deliveryMs));
        return undefined;
      } catch (error) {
        return faultText(error);
      }
    },
  };
}

/** The mail server took the notice. Its outcome is in the mail log, if that is its log. */
async function delivered(
  of: { readonly config: Config; readonly guard: GuardSide | undefined },
  isLogRead: boolean,
): Promise<Tried> {
  const { mail_server: server } = of.config.notices;
  const taken = `${server} took it`;
  if (of.guard === undefined || !isLogRead || !isLoopback(server.split(':')[0] ?? '')) {
    return { state: 'fine', saw: `${taken}; the outcome is in the log of that server` };
  }
  const view = await of.guard
    .until(({ notice }) => notice !== undefined && notice.outcome !== 'seen', deliveryMs)
    .catch(() => undefined);
  const notice = view?.notice;
  if (notice === undefined) {
    return { state: 'fine', saw: `${taken}; the mail log says nothing about it` };
  }
  if (notice.outcome === 'sent') return { state: 'fine', saw: `sent: ${notice.reply}` };
  const saw =
    notice.outcome === 'seen'
      ? `${taken}, and did not deliver it within ${deliveryMs / secondMs} s`
      : `${notice.outcome}: ${notice.reply}`;
  return { state: 'failed', saw };
}
