/**
 * A plan for a random zone with aliases, wildcards and broken records: carried out, it harms no
 * record of another kind, and the zone checks better.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainIdentity, plainServer } from '../../../test/doubles/identity.ts';
import { type OddZone, oddZone } from '../../../test/doubles/odd-zones.ts';
import { answeredBy } from '../../formats/dns/question.ts';
import { type DnsRecord, dataText, sameData } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import type { Step } from './aspect.ts';
import { type ExaminedMail, examine } from './examine.ts';
import type { Identity } from './identity.ts';

const plain: Identity = {
  ...plainIdentity,
  keys: [{ selector: 's1', algorithm: 'ed25519', publicKey: 'A'.repeat(43), state: 'published' }],
  tlsReports: ['tls@example.org'],
  mtaSts: 'testing',
};
const stepsOf = ({ server: its, domains }: ExaminedMail): readonly Step[] => [
  ...(its?.aspect.steps ?? []),
  ...domains.flatMap(({ aspect }) => aspect.steps),
];

const lines = (records: readonly DnsRecord[]): readonly string[] =>
  records.map((one) => `${one.name} ${one.type} ${dataText(one)}`);

const hosts = ['', 'mail.', 'www.', 'shop.', 'www.shop.', 'mail.shop.', 'any.', 'any.shop.'];
const typesOfHosts = ['A', 'AAAA', 'MX', 'TXT', 'CNAME'] as const;
const isMailText = /spf|dmarc|sts|rpt|dkim|p=/i;

/** What hosts have, apart from the texts that mail needs: `mail.example.org A 192.0.2.25`. */
function hostRecords(records: readonly DnsRecord[]): ReadonlyMap<string, readonly DnsRecord[]> {
  const answer = zoneAnswers(records);
  return new Map(
    hosts.flatMap((start) =>
      typesOfHosts.map((type) => {
        const name = `${start}example.org`;
        const said = answer({ name, type });
        const found = said.kind === 'records' ? said.records : [];
        return [
          `${name} ${type}`,
          found.filter((one) => one.type !== 'TXT' || !isMailText.test(dataText(one))),
        ];
      }),
    ),
  );
}

function examined({ records, domain, sends }: OddZone): ExaminedMail {
  // As the commands do: without a domain that sends, the server does not matter.
  const its = sends ? plainServer : undefined;
  const identity = { ...plain, domain, sends, server: its };
  return answeredBy(examine(its, [identity], 'beside'), zoneAnswers(records));
}

function applied(zone: OddZone, steps: readonly Step[]): OddZone {
  const gone = steps.flatMap(({ remove }) => remove);
  const stays = (one: DnsRecord): boolean =>
    !gone.some((other) => other.name === one.name && sameData(other, one));
  return {
    ...zone,
    records: [...zone.records.filter(stays), ...steps.flatMap(({ add }) => add)],
  };
}

/** Names that no zone may have: an alias and more, or a name below a DNAME. */
function faultsOf(records: readonly DnsRecord[]): readonly string[] {
  const moved = records.flatMap(({ type, name }) => (type === 'DNAME' ? [name] : []));
  return records.flatMap((one) => {
    const others = records.filter(({ name }) => name === one.name);
    const isClash = others.some(({ type }) => type === 'CNAME') && others.length > 1;
    const isBelow = moved.some((top) => one.name.endsWith(`.${top}`));
    return isClash || isBelow ? [`${one.name} ${one.type}`] : [];
  });
}

const badIds = ({ server: its, domains }: ExaminedMail): readonly string[] =>
  [...(its?.aspect.findings ?? []), ...domains.flatMap(({ aspect }) => aspect.findings)].flatMap(
    ({ kind, id }) => (kind === 'fail' || kind === 'warn' ? [id] : []),
  );

test('a plan carried out harms no record of another kind, and the result checks better', () => {
  fc.assert(
    fc.property(oddZone, (zone) => {
      const found = examined(zone);
      const steps = stepsOf(found);
      const after = applied(zone, steps);
      assert.deepEqual(faultsOf(after.records), [], 'the zone cannot be loaded');
      for (const { remove, standing } of steps) {
        for (const one of remove) {
          assert.ok(zone.records.includes(one) || standing.includes(one), lines([one])[0]);
          assert.ok(zone.records.some((other) => sameData(one, other) && one.name === other.name));
        }
      }
      const changed = new Set(
        steps.flatMap(({ name, type, add }) => (add.length > 0 ? [`${name} ${type}`] : [])),
      );
      const then = hostRecords(after.records);
      for (const [key, before] of hostRecords(zone.records)) {
        if (changed.has(key) && !key.endsWith(' TXT')) continue;
        for (const one of before) {
          // It is another name's record, seen behind an alias.
          if (changed.has(`${one.name} ${one.type}`) && one.type !== 'TXT') continue;
          const kept = then.get(key)?.some((other) => sameData(one, other));
          assert.ok(kept, `${key} lost ${dataText(one)}`);
        }
      }
      const result = examined(after);
      const [was, is] = [badIds(found), badIds(result)];
      assert.deepEqual(
        // This one waits for records that the DNS does not answer for.
        is.filter((id) => !was.includes(id) && id !== 'spf.today'),
        [],
      );
      const done = new Set(steps.filter(({ add }) => add.length > 0).map(({ id }) => id));
      const open = stepsOf(result).filter(({ id, state }) => done.has(id) && state !== 'have');
      assert.deepEqual(
        open.map(({ id, why }) => `${id}: ${why}`),
        [],
      );
    }),
    { numRuns: 500 },
  );
});
