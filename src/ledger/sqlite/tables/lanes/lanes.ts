/** How providers treat us: lanes, their intervals, changes and replies, and bulk senders. */

import { type LaneChange, type LaneKey, laneStates } from '../../../../core/deliverability/lane.ts';
import { decodeSketch, encodeSketch } from '../../../../core/stats/sketch.ts';
import { dayMs } from '../../../../lib/time.ts';
import type {
  BulkRow,
  LaneLedger,
  LaneReplyRow,
  LaneRow,
  LaneSampleRow,
  LaneWrite,
} from '../../../../ports/lanes.ts';
import {
  instant,
  integer,
  oneOf,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from '../statements.ts';

export type LaneTable = LaneLedger & { put(write: LaneWrite): void };

/** Intervals of a provider with an id, and of one that is known by its domain only. */
const samplesMs = 90 * dayMs;
const otherSamplesMs = 14 * dayMs;
/** Domains that are kept: those with the busiest days. */
const bulkMax = 10_000;
const lane = 'source = ? AND family = ? AND provider = ?';
const families = ['ipv4', 'ipv6'] as const;

export function laneTable(make: Statements): LaneTable {
  const put = putter(make);
  const all = make.query('SELECT * FROM lane ORDER BY provider, family, source');
  const samples = make.query(`SELECT * FROM lane_sample WHERE ${lane} AND at >= ? ORDER BY at`);
  const newest = 'at >= ? AND at <= ? ORDER BY at DESC, number DESC LIMIT ?';
  const changes = make.query(`SELECT * FROM lane_change WHERE ${newest}`);
  const changesOf = make.query(`SELECT * FROM lane_change WHERE ${lane} AND ${newest}`);
  const often = 'last_at >= ? ORDER BY count DESC, shape LIMIT ?';
  const replies = make.query(`SELECT * FROM lane_reply WHERE ${often}`);
  const newReplies = make.query(`SELECT * FROM lane_reply WHERE rule = '' AND ${often}`);
  const repliesOf = make.query(`SELECT * FROM lane_reply WHERE ${lane} AND ${often}`);
  const bulk = make.query(
    `SELECT * FROM bulk_domain ORDER BY busiest DESC, domain, provider LIMIT ${bulkMax}`,
  );
  return {
    put,
    lanes: () => all.all().map(laneRow),
    laneSamples: (key, since) => samples.all(...words(key), since).map(sampleRow),
    laneChanges({ lane: key, limit, since, until }) {
      const found =
        key === undefined
          ? changes.all(since, until, limit)
          : changesOf.all(...words(key), since, until, limit);
      return found.map(changeRow);
    },
    laneReplies({ lane: key, limit, new: isNew, since }) {
      if (key !== undefined) return repliesOf.all(...words(key), since, limit).map(replyRow);
      return (isNew === true ? newReplies : replies).all(since, limit).map(replyRow);
    },
    bulkDomains: () => bulk.all().map(bulkRow),
  };
}

function putter(make: Statements): LaneTable['put'] {
  const putLane = make.command(
    `INSERT OR REPLACE INTO lane (source, family, provider, at, memory) VALUES (?, ?, ?, ?, ?)`,
  );
  const known = make.query(`SELECT delays FROM lane_sample WHERE ${lane} AND at = ?`);
  const putSample = make.command(
    `INSERT INTO lane_sample (source, family, provider, at, sent, deferred, bounced, delays)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (source, family, provider, at) DO UPDATE SET
         sent = sent + excluded.sent, deferred = deferred + excluded.deferred,
         bounced = bounced + excluded.bounced, delays = excluded.delays`,
  );
  const oldSamples = make.command(`DELETE FROM lane_sample WHERE ${lane} AND at < ?`);
  const putChange = make.command(
    `INSERT INTO lane_change (source, family, provider, at, from_state, to_state, reply, rule)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putReply = make.command(
    `INSERT INTO lane_reply (source, family, provider, shape, example, rule, scope, severity, cure,
         count, first_at, last_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (source, family, provider, shape) DO UPDATE SET
         example = excluded.example, rule = excluded.rule, scope = excluded.scope,
         severity = excluded.severity, cure = excluded.cure, count = count + excluded.count,
         last_at = MAX(last_at, excluded.last_at)`,
  );
  const putBulk = make.command(
    `INSERT OR REPLACE INTO bulk_domain
       (domain, provider, day, today, busiest_day, busiest, passed_at, told_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putMeta = make.command('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  return ({ bulk, changes, lanes, place, replies, samples }) => {
    for (const row of lanes) putLane(...words(row), row.at, row.memory);
    for (const row of samples) {
      const delays = decodeSketch(octets(known.first(...words(row), row.at)), new Map(row.delays));
      const { at, bounced, deferred, sent } = row;
      putSample(...words(row), at, sent, deferred, bounced, encodeSketch(delays));
      const keepMs = row.provider.includes('.') ? otherSamplesMs : samplesMs;
      oldSamples(...words(row), at - keepMs);
    }
    for (const row of changes) {
      putChange(...words(row), row.at, row.from, row.to, row.reply, row.rule);
    }
    for (const row of replies) {
      const { count, cure, example, firstAt, lastAt, rule, scope, severity, shape } = row;
      putReply(
        ...words(row),
        ...[shape, example, rule, scope, severity, cure],
        ...[count, firstAt, lastAt],
      );
    }
    for (const row of bulk) {
      const { busiestDay, day, domain, messagesADay, passedAt, provider, toldAt, today } = row;
      putBulk(domain, provider, day, today, busiestDay, messagesADay, ...orNull(passedAt, toldAt));
    }
    if (place !== undefined) putMeta(place.key, place.value);
  };
}

function words({ family, provider, source }: LaneKey): readonly [string, string, string] {
  return [source, family, provider];
}

function orNull(...values: readonly (number | undefined)[]): readonly (number | null)[] {
  return values.map((value) => value ?? null);
}

function keyOf(row: Row): LaneKey {
  return {
    source: text(row, 'source'),
    family: oneOf(families, row, 'family'),
    provider: text(row, 'provider'),
  };
}

function laneRow(row: Row): LaneRow {
  return { ...keyOf(row), at: instant(row, 'at'), memory: text(row, 'memory') };
}

function sampleRow(row: Row): LaneSampleRow {
  return {
    ...keyOf(row),
    at: instant(row, 'at'),
    sent: integer(row, 'sent'),
    deferred: integer(row, 'deferred'),
    bounced: integer(row, 'bounced'),
    delays: decodeSketch(octets(row)),
  };
}

function changeRow(row: Row): LaneChange {
  return {
    ...keyOf(row),
    at: instant(row, 'at'),
    from: oneOf(laneStates, row, 'from_state'),
    to: oneOf(laneStates, row, 'to_state'),
    reply: text(row, 'reply'),
    rule: text(row, 'rule'),
  };
}

function replyRow(row: Row): LaneReplyRow {
  return {
    ...keyOf(row),
    shape: text(row, 'shape'),
    example: text(row, 'example'),
    rule: text(row, 'rule'),
    scope: text(row, 'scope'),
    severity: text(row, 'severity'),
    cure: text(row, 'cure'),
    count: integer(row, 'count'),
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
  };
}

function bulkRow(row: Row): BulkRow {
  return {
    domain: text(row, 'domain'),
    provider: text(row, 'provider'),
    day: integer(row, 'day'),
    today: integer(row, 'today'),
    busiestDay: integer(row, 'busiest_day'),
    messagesADay: integer(row, 'busiest'),
    passedAt: optionalInstant(row, 'passed_at'),
    toldAt: optionalInstant(row, 'told_at'),
  };
}

function octets(row: Row | undefined): Uint8Array {
  const value = row?.['delays'];
  return value instanceof Uint8Array ? value : new Uint8Array();
}
