/**
 * The whole test suite of RFC 7208: every case has one of the results that it allows, and its
 * explanation.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { answeredBy } from '../../src/formats/dns/question.ts';
import { evaluateSpf, type SpfAnswer } from '../../src/formats/spf/evaluate.ts';
import { postern } from '../command-line.ts';
import { readSuite, type SuiteCase, suiteAnswers, suiteZoneFile } from './spf-suite.ts';

/** As many as there are: one that is not read is one that is not passed. */
const casesMin = 200;
const suite = readSuite();
const folder = mkdtempSync(join(tmpdir(), 'postern-spf-'));
after(() => rmSync(folder, { recursive: true }));

if (typeof suite === 'string') test('RFC 7208 suite', { skip: suite }, () => undefined);
else {
  for (const [nth, { description, tests, zonedata }] of suite.entries()) {
    const answer = suiteAnswers(zonedata);
    const file = join(folder, `${nth}.zone`);
    writeFileSync(file, suiteZoneFile(zonedata), 'latin1');
    for (const [name, wanted] of Object.entries(tests)) {
      const { host: ip, mailfrom: sender, helo } = wanted;
      test(`${description}: ${name}`, () => {
        assertWanted(wanted, answeredBy(evaluateSpf({ ip, sender, helo, atSeconds: 0 }), answer));
      });
      test(`${description}: ${name}, from a zone file`, async () => {
        const words = ['--ip', ip, '--from', sender, '--helo', helo, '--zone', file, '--json'];
        const { exit, out, err } = await postern('spf', 'eval', ...words);
        assert.deepEqual([exit, err], [0, '']);
        assertWanted(wanted, JSON.parse(out) as SpfAnswer);
      });
    }
  }
  test('the suite was read whole', () => {
    const cases = suite.flatMap(({ tests }) => Object.keys(tests));
    assert.ok(cases.length >= casesMin, `${cases.length} cases`);
  });
}

function assertWanted({ result, explanation }: SuiteCase, found: SpfAnswer): void {
  assert.ok([result].flat().includes(found.result), JSON.stringify(found, null, 1));
  if (explanation !== undefined) {
    assert.equal(found.explanation, explanation === 'DEFAULT' ? '' : explanation);
  }
}
