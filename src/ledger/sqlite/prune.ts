/**
 * Deletes old rows, one slice at a call, so that the event loop never stops for it. Messages,
 * stories and statistics go by their own age. Finished notices and held messages that were released
 * or dropped go with the stories. Accounts, incidents, exemptions and the audit trail stay. A From
 * domain goes if nobody has sent with it for as long as stories are kept; a script goes if
 * `scriptsMax` others have sent since. Lanes without mail, with their intervals, and changes and
 * replies of lanes go with the stories. So do domains that came near to no rule for bulk senders.
 * The others stay, as some providers never forget them. Mail that came in goes with the messages,
 * once it no longer waits; what is known of senders, who wrote in and which domains are used go by
 * their own age.
 */
import type { DatabaseSync } from 'node:sqlite';
import { knownKinds } from '../../core/inbound/greylist/knowledge.ts';
import { scriptsMax } from '../../core/scripts/register.ts';
import { dayMs } from '../../lib/time.ts';
import type { Ledger } from '../../ports/ledger.ts';
import { statsKinds } from '../../ports/stats.ts';
import { correspondentPruner } from './tables/inbound/correspondents.ts';
import { integer, type Statements } from './tables/statements.ts';
import { inTransaction } from './write.ts';

/** Rows of each kind in a slice: some milliseconds. */
const sliceRows = 250;
/** Kinds of replies on all lanes; those of known providers and the latest are kept. */
const laneRepliesMax = 5_000;
/** Lanes with the latest mail that are kept; strangers choose domains, too. */
const lanesMax = 1_000;
/**
 * Mail that came in and does not wait, and mail that was put off: the latest are kept, since
 * strangers choose how much comes. Of what was put off, honest-looking mail has its own room.
 */
const incomingMax = 50_000;
/** Changes of all lanes; the latest are kept. */
const laneChangesMax = 50_000;

type OlderThan = Parameters<Ledger['prune']>[0];

export function pruner(
  database: DatabaseSync,
  path: string,
  { make, stillThere }: { readonly make: Statements; readonly stillThere: () => void },
): Ledger['prune'] {
  const message = make.command(
    `DELETE FROM message WHERE id IN
       (SELECT id FROM message WHERE at < ? ORDER BY at LIMIT ${sliceRows})`,
  );
  const story = make.command(
    `DELETE FROM story WHERE number IN
       (SELECT number FROM story WHERE at < ? ORDER BY at LIMIT ${sliceRows})`,
  );
  const held = make.command(
    `DELETE FROM held WHERE number IN
       (SELECT number FROM held WHERE at < ?1 AND changed_at < ?1 AND state <> 'held'
        ORDER BY at LIMIT ${sliceRows})`,
  );
  const notice = make.command(
    `DELETE FROM notice WHERE rowid IN
       (SELECT rowid FROM notice WHERE at < ? AND state <> 'waiting' LIMIT ${sliceRows})`,
  );
  const handover = make.command(
    `DELETE FROM submission WHERE token IN
       (SELECT token FROM submission WHERE at < ? ORDER BY at LIMIT ${sliceRows})`,
  );
  const sendingDomain = make.command(
    `DELETE FROM sending_domain WHERE domain IN
       (SELECT domain FROM sending_domain WHERE last_at < ? LIMIT ${sliceRows})`,
  );
  const rollup = make.command(
    `DELETE FROM rollup WHERE (by, day, key) IN
       (SELECT by, day, key FROM rollup WHERE by = ? AND day < ? LIMIT ${sliceRows})`,
  );
  const script = make.command(
    `DELETE FROM script WHERE account IN
       (SELECT account FROM script ORDER BY last_at DESC LIMIT ${sliceRows} OFFSET ${scriptsMax})`,
  );
  const imported = make.command(
    `DELETE FROM contact_imported WHERE (account, recipient) IN
       (SELECT contact_imported.account, recipient FROM contact_imported
        JOIN (SELECT DISTINCT id FROM contact_import WHERE at < ?) ON id = import
        LIMIT ${sliceRows})`,
  );
  const lanes = lanePruner(make);
  const incoming = incomingPruner(make);
  const correspondents = correspondentPruner(make, sliceRows);
  const changed = make.query('SELECT total_changes() AS n');
  const changes = (): number => integer(changed.first() ?? {}, 'n');
  return (olderThan) => {
    stillThere();
    const before = changes();
    inTransaction(database, path, () => {
      message(olderThan.messages);
      story(olderThan.stories);
      held(olderThan.stories);
      notice(olderThan.stories);
      handover(olderThan.messages);
      sendingDomain(olderThan.stories);
      script();
      lanes(olderThan);
      incoming(olderThan);
      if (olderThan.correspondents !== undefined) correspondents(olderThan.correspondents);
      imported(olderThan.imports);
      const day = Math.floor(olderThan.statistics / dayMs);
      for (const by of statsKinds) rollup(by, day);
    });
    return changes() > before;
  };
}

function incomingPruner(make: Statements): (olderThan: OlderThan) => void {
  const inbound = make.command(
    `DELETE FROM inbound WHERE number IN
       (SELECT number FROM inbound WHERE at < ?1 AND changed_at < ?1 AND due = 0
        ORDER BY at LIMIT ${sliceRows})`,
  );
  const deferred = make.command(
    `DELETE FROM inbound_deferred WHERE key IN
       (SELECT key FROM inbound_deferred WHERE last_at < ? ORDER BY last_at LIMIT ${sliceRows})`,
  );
  const inboundMore = make.command(
    `DELETE FROM inbound WHERE number IN
       (SELECT number FROM inbound WHERE due = 0
        ORDER BY at DESC LIMIT ${sliceRows} OFFSET ${incomingMax})`,
  );
  const deferredMore = make.command(
    `DELETE FROM inbound_deferred WHERE key IN
       (SELECT key FROM inbound_deferred WHERE is_honest = ?
        ORDER BY last_at DESC LIMIT ${sliceRows} OFFSET ${incomingMax})`,
  );
  const known = make.command(
    `DELETE FROM inbound_known WHERE (kind, key) IN
       (SELECT kind, key FROM inbound_known WHERE kind = ? AND (times = 1) = ? AND last_at < ?
        LIMIT ${sliceRows})`,
  );
  return (olderThan) => {
    inbound(olderThan.messages);
    deferred(olderThan.deferred);
    inboundMore();
    deferredMore(0);
    deferredMore(1);
    for (const { kind, before, once } of olderThan.known) {
      known(knownKinds.indexOf(kind), 0, before);
      known(knownKinds.indexOf(kind), 1, once);
    }
  };
}

function lanePruner(make: Statements): (olderThan: OlderThan) => void {
  // Of a lane without mail nothing else removes the intervals.
  const oldLanes = `SELECT source, family, provider FROM lane WHERE at < ?
    UNION SELECT source, family, provider FROM
      (SELECT source, family, provider FROM lane ORDER BY at DESC LIMIT -1 OFFSET ${lanesMax})`;
  const laneSample = make.command(
    `DELETE FROM lane_sample WHERE (source, family, provider, at) IN
       (SELECT source, family, provider, lane_sample.at
        FROM (${oldLanes}) JOIN lane_sample USING (source, family, provider) LIMIT ${sliceRows})`,
  );
  const lane = make.command(
    `DELETE FROM lane WHERE (source, family, provider) IN (${oldLanes}) AND NOT EXISTS
       (SELECT 1 FROM lane_sample WHERE lane_sample.source = lane.source
          AND lane_sample.family = lane.family AND lane_sample.provider = lane.provider)`,
  );
  const laneChange = make.command(
    `DELETE FROM lane_change WHERE number IN
       (SELECT number FROM lane_change WHERE at < ? ORDER BY at LIMIT ${sliceRows})`,
  );
  const laneReply = make.command(
    `DELETE FROM lane_reply WHERE (source, family, provider, shape) IN
       (SELECT source, family, provider, shape FROM lane_reply WHERE last_at < ?
        LIMIT ${sliceRows})`,
  );
  // Strangers choose replies, so there is a limit besides the age. Their domains have a dot.
  const laneChangeMore = make.command(
    `DELETE FROM lane_change WHERE number IN
       (SELECT number FROM lane_change
        WHERE number <= (SELECT MAX(number) FROM lane_change) - ${laneChangesMax}
        ORDER BY number LIMIT ${sliceRows})`,
  );
  const laneReplyMore = make.command(
    `DELETE FROM lane_reply WHERE (source, family, provider, shape) IN
       (SELECT source, family, provider, shape FROM lane_reply
        ORDER BY INSTR(provider, '.') > 0, last_at DESC
        LIMIT ${sliceRows} OFFSET ${laneRepliesMax})`,
  );
  const bulkDomain = make.command(
    `DELETE FROM bulk_domain WHERE (domain, provider) IN
       (SELECT domain, provider FROM bulk_domain
        WHERE day < ? AND passed_at IS NULL AND told_at IS NULL LIMIT ${sliceRows})`,
  );
  return ({ stories }) => {
    laneSample(stories);
    lane(stories);
    laneChange(stories);
    laneReply(stories);
    laneChangeMore();
    laneReplyMore();
    bulkDomain(Math.floor(stories / dayMs));
  };
}
