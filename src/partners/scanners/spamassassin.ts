/**
 * Asks SpamAssassin's spamd, with one connection for each request, which spamd closes. The flow
 * limits how many run at once.
 */
import type { ScanReport } from '../../core/scan/report.ts';
import {
  parseSpamdReply,
  reportRules,
  type SpamcLesson,
  type SpamcReply,
  type SpamcVerb,
  spamcHead,
  symbolRules,
} from '../../formats/scan/spamc.ts';
import type { SocketAddress } from '../../lib/listener.ts';
import type { Scanner } from '../../ports/scan.ts';
import { addressText, exchangeOnSocket } from './scan-socket.ts';

export type SpamAssassin = Scanner & {
  /** The message as SpamAssassin marks it. */
  process(octets: Buffer, deadlineMs: number): Promise<Buffer>;
  /** False if spamd knew the message already, or does not accept lessons (spamd --allow-tell). */
  tell(octets: Buffer, lesson: SpamcLesson, deadlineMs: number): Promise<boolean>;
  ping(deadlineMs: number): Promise<void>;
};

export type SpamAssassinOptions = {
  readonly where: SocketAddress;
  /** The user whose preferences count; empty for the user that spamd runs as. */
  readonly user: string;
  readonly octetsMax: number;
};

export function openSpamAssassin({ where, user, octetsMax }: SpamAssassinOptions): SpamAssassin {
  const ask = async (
    verb: SpamcVerb,
    octets: Buffer,
    deadlineMs: number,
    lesson?: SpamcLesson,
  ): Promise<SpamcReply> => {
    const head = spamcHead(verb, octets.length, {
      user,
      ...(lesson === undefined ? {} : { lesson }),
    });
    const reply = parseSpamdReply(await exchangeOnSocket(where, [head, octets], deadlineMs));
    if (reply.ok) return reply.value;
    throw new Error(`spamd at ${addressText(where)}: ${reply.error}`);
  };
  return {
    name: 'spamassassin',
    octetsMax,
    async scan(octets, deadlineMs): Promise<ScanReport> {
      const until = performance.now() + deadlineMs;
      const told = await ask('REPORT', octets, deadlineMs);
      const rules = reportRules(told.body);
      const names =
        rules ??
        // The operator has changed the report template, so the names of rules need a second scan.
        symbolRules((await ask('SYMBOLS', octets, Math.max(1, until - performance.now()))).body);
      const { score, required } = scored(told, where);
      return { scanner: 'spamassassin', score, required, rules: names, virus: '' };
    },
    process: async (octets, deadlineMs) => (await ask('PROCESS', octets, deadlineMs)).body,
    tell: async (octets, lesson, deadlineMs) =>
      (await ask('TELL', octets, deadlineMs, lesson)).told.includes('local'),
    async ping(deadlineMs) {
      const reply = await exchangeOnSocket(where, [spamcHead('PING', 0)], deadlineMs);
      if (!/^SPAMD\/\S+ 0 PONG/.test(reply.toString('latin1', 0, 100))) {
        throw new Error(`${addressText(where)} is not spamd`);
      }
    },
    close: () => {},
  };
}

function scored(reply: SpamcReply, where: SocketAddress): { score: number; required: number } {
  if (reply.score !== undefined) return { score: reply.score, required: reply.required };
  throw new Error(`spamd at ${addressText(where)} gave no score`);
}
