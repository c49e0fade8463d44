/**
 * SPF records with slips: what pyspf calls an error has a fault here as well, and it gives the
 * repaired records the same results. SEED=n runs other records.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repairSpf } from '../../src/core/identity/spf-repair.ts';
import { txtStrings } from '../../src/formats/dns/record.ts';
import { printSpf } from '../../src/formats/spf/record.ts';
import { clients, correctWords, senders } from '../doubles/spf-senders.ts';
import { plainSlips, unclearSlips, withSlips } from '../doubles/spf-slips.ts';
import { dice } from '../ledger/dice.ts';
import { askPyspf, noVoidsMax, type OpinionCase, ours, pyspfMissing } from './pyspf.ts';

const seed = Number(process.env['SEED'] ?? 1);
const records = 150;
const skip = pyspfMissing();

const caseOf = (text: string, ip: string): OpinionCase => ({
  records: [
    ...senders,
    { name: 'example.org', ttlSeconds: 60, type: 'TXT', strings: txtStrings(text) },
  ],
  question: { ip, sender: 'joe@example.org', helo: 'mail.example.org' },
  voidsMax: noVoidsMax,
});

test(`pyspf reads repaired records alike, and knows no slip that we do not (SEED=${seed})`, {
  skip,
}, () => {
  const throws = dice(seed);
  const slips = [...plainSlips, ...unclearSlips];
  const published: string[] = [];
  while (published.length < records) {
    const some = Array.from(
      { length: 1 + throws.below(2) },
      () => slips[throws.below(slips.length)],
    );
    const chosen = some.filter((one) => one !== undefined);
    const text = withSlips(correctWords(throws), chosen, throws);
    if (text !== undefined) published.push(text);
  }
  const repaired = published.map((text) => repairSpf([txtStrings(text)]));
  const broken = askPyspf(published.map((text) => caseOf(text, '198.18.0.1')));
  let faulty = 0;
  for (const [nth, { result, why }] of broken.entries()) {
    const found = repaired[nth];
    // pyspf reads ahead, and asks for names; here only the text is read.
    if (result !== 'permerror' || !/syntax|unknown mechanism|invalid/i.test(why)) continue;
    faulty++;
    const named = [...(found?.faults ?? []), ...(found?.undecided ?? [])];
    assert.notDeepEqual(named, [], `${published[nth]}: ${why}`);
  }
  assert.ok(faulty > records / 3, `${faulty} faulty records`);
  const cases = repaired.flatMap((one, nth) =>
    one.undecided.length > 0
      ? []
      : [clients[nth % clients.length] ?? '', clients[(nth * 7) % clients.length] ?? ''].map((ip) =>
          caseOf(printSpf(one.terms), ip),
        ),
  );
  const theirs = askPyspf(cases);
  for (const [nth, one] of cases.entries()) {
    const own = ours(one);
    const text = JSON.stringify(one.records.at(-1));
    assert.equal(own.result, theirs[nth]?.result, `${text}: ${own.why}; ${theirs[nth]?.why}`);
  }
  assert.ok(cases.length > records, `${cases.length} cases`);
});
