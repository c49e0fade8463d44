/**
 * Notices when the mail log does not tell what becomes of mail: it cannot be read any more, nobody
 * writes it although mail comes in, or the log service drops lines. Says so within five minutes.
 */
import { awayText, goneText, lostText, silentText } from '../../core/checklist/log-health.ts';
import type { ShapeCount } from '../../formats/logs/shapes.ts';
import { hourMs, minuteMs } from '../../lib/time.ts';
import type { Troubles } from '../../ports/troubles.ts';

/** A log that is rotated is away for a moment. */
const goneMs = 2 * minuteMs;
/** Postfix writes a line for each message at once; a busy log service needs longer. */
const silentMs = 3 * minuteMs;
/** Where mail is rare, a rotated log is away until the next line. This is no trouble. */
const awayMs = 3 * minuteMs;
const lostMs = hourMs;

export type LogHealth = {
  /** How many logs are read, how many should be, and the names of those that are not. */
  reading(reading: number, wanted: number, unread: readonly string[]): void;
  /** The file of a log was moved or removed, and no other one is there. */
  away(log: string, is: boolean): void;
  /** Lines of the mail log were read. */
  lines(): void;
  /** A message came through the door: the log must show it. */
  judged(): void;
  /** A log service says that it dropped lines. */
  lost(source: string, lines: number): void;
  /** The most frequent shapes of lines of a log that are of mail and were not understood. */
  strangest(log: string, shapes: readonly ShapeCount[]): void;
  /** Of all logs. */
  shapes(): readonly ShapeCount[];
  /** To be called every half minute. */
  look(): void;
};

export function openLogHealth(deps: {
  readonly troubles: Pick<Troubles, 'set'>;
  /** Why what becomes of mail is not known now; undefined: it is. */
  readonly unread: (why: string | undefined) => void;
  /** Of a clock that is never set. */
  readonly nowMs: () => number;
  /**
   * The operator named the log, or lines were read from it in an earlier run. Else silence is
   * usual: Postfix may run on another machine.
   */
  readonly isExpected: boolean;
}): LogHealth {
  const { nowMs, troubles } = deps;
  let isExpected = deps.isExpected;
  let wasRead = deps.isExpected;
  let logs: { reading: number; wanted: number; unread: readonly string[] } = {
    reading: 0,
    wanted: 0,
    unread: [],
  };
  let goneSince: number | undefined;
  /** Messages since the last line, and when the first of them came. */
  let unseen = 0;
  let unseenSince = 0;
  /** One entry for each log that is followed. */
  const strange = new Map<string, readonly ShapeCount[]>();
  /** Logs whose file is away, and since when no line came. */
  const away = new Map<string, number>();
  let lost: { source: string; lines: number; since: number; at: number } | undefined;

  function gone(): string | undefined {
    const isLong = goneSince !== undefined && nowMs() - goneSince >= goneMs;
    return wasRead && isLong ? goneText(logs.reading, logs.wanted, logs.unread) : undefined;
  }

  function silent(): string | undefined {
    if (!isExpected || unseen === 0 || logs.reading === 0) return undefined;
    const ms = nowMs() - unseenSince;
    return ms < silentMs ? undefined : silentText(unseen, Math.floor(ms / minuteMs));
  }

  function isAway(): string | undefined {
    const [log] = [...away].find(([, since]) => nowMs() - since >= awayMs) ?? [];
    return log === undefined ? undefined : awayText(log);
  }

  return {
    reading(reading, wanted, unread) {
      logs = { reading, wanted, unread };
      if (wanted > 0 && reading >= wanted) {
        goneSince = undefined;
        wasRead = true;
      } else goneSince ??= nowMs();
    },
    away(log, is) {
      if (is) away.set(log, nowMs());
      else away.delete(log);
    },
    lines() {
      isExpected = true;
      for (const log of away.keys()) away.set(log, nowMs());
      unseen = 0;
    },
    judged() {
      if (unseen++ === 0) unseenSince = nowMs();
    },
    lost(source, lines) {
      const at = nowMs();
      const before = lost?.source === source && at - lost.since < lostMs ? lost : undefined;
      lost = { source, lines: (before?.lines ?? 0) + lines, since: before?.since ?? at, at };
    },
    strangest(log, shapes) {
      strange.set(log, shapes);
    },
    shapes: () => [...strange.values()].flat().sort((one, other) => other.lines - one.lines),
    look() {
      if (lost !== undefined && nowMs() - lost.at >= lostMs) lost = undefined;
      const trouble = gone() ?? silent();
      troubles.set('mail log', trouble);
      deps.unread(trouble ?? isAway());
      troubles.set(
        'mail log lines',
        lost === undefined ? undefined : lostText(lost.lines, lost.source),
      );
    },
  };
}
