/**
 * What the plan advises is never criticised by the check, and is all there once it is carried out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type World, world } from '../../../test/doubles/identity.ts';
import { answeredBy, type DnsAnswer } from '../../formats/dns/question.ts';
import { type DnsRecord, sameData } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import type { Step } from './aspect.ts';
import { type ExaminedMail, examine } from './examine.ts';
import type { Identity } from './identity.ts';

function look({ server, identities, records }: World, secure = false): ExaminedMail {
  const answer = zoneAnswers(records);
  const asked = (question: Parameters<typeof answer>[0]): DnsAnswer => {
    const said = answer(question);
    return said.kind === 'failure' ? said : { ...said, secure };
  };
  return answeredBy(examine(server, identities, 'beside'), asked);
}
const aspectsOf = ({ server, domains }: ExaminedMail) => [
  ...(server === undefined ? [] : [server.aspect]),
  ...domains.map(({ aspect }) => aspect),
];
const stepsOf = (found: ExaminedMail): readonly Step[] =>
  aspectsOf(found).flatMap(({ steps }) => steps);

function applied(given: World, found: ExaminedMail): World {
  let records: readonly DnsRecord[] = given.records;
  for (const { name, remove, add } of stepsOf(found)) {
    records = records.filter(
      (one) => one.name !== name || !remove.some((other) => sameData(one, other)),
    );
    records = [...records, ...add];
  }
  const identities = given.identities.map((identity): Identity => {
    const { aspect } = found.domains.find(({ domain }) => domain === identity.domain) ?? {};
    const file = aspect?.files.find(({ state }) => state === 'wrong' || state === 'missing');
    return file === undefined
      ? identity
      : { ...identity, policyFile: { kind: 'text', text: file.text } };
  });
  return { ...given, records, identities };
}

/**
 * Advice was given: something to add or to remove. What only the operator can decide is said, and
 * not advised.
 */
const isAdvised = (step: Step): boolean =>
  step.state === 'have' || step.add.length > 0 || step.remove.length > 0;

for (const secure of [false, true]) {
  test(`check never criticises the plan; a finished plan is complete (secure: ${secure})`, () => {
    fc.assert(
      fc.property(world, (before) => {
        const plan = look(before, secure);
        const open = new Set(
          stepsOf(plan)
            .filter((one) => !isAdvised(one))
            .map(({ name }) => name),
        );
        const after = applied(before, plan);
        const then = look(after, secure);
        const steps = stepsOf(then).filter(({ name }) => !open.has(name));
        assert.deepEqual(
          steps.filter(({ state }) => state !== 'have'),
          [],
        );
        const ids = new Set(
          stepsOf(then)
            .filter(({ name }) => open.has(name))
            .map(({ id }) => id),
        );
        const bad = aspectsOf(then)
          .flatMap(({ findings }) => findings)
          .filter(({ kind }) => kind === 'warn' || kind === 'fail')
          // Without a server there is nothing to advise.
          .filter(({ id }) => !((id === 'spf' || id === 'mx') && after.server?.host === undefined))
          .filter(({ id }) => !ids.has(id.replace(/\.budget$/, '')));
        assert.deepEqual(bad, []);
        assert.deepEqual(
          aspectsOf(then).flatMap(({ files }) => files.filter(({ state }) => state !== 'have')),
          [],
        );
      }),
      { numRuns: 200 },
    );
  });
}
