/**
 * What real Postfix, Dovecot, amavisd and a filter by pipe log of messages, joined: each message
 * belongs to the login that sent it, with all its attempts, whatever filters it went through.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from '../../src/core/fate/attempt.ts';
import { openJoin } from '../../src/core/fate/join.ts';
import { type JoinedMail, loggedOf, rootOf } from '../../src/core/fate/joined-mail.ts';
import { openLogLines } from '../../src/core/logs/log-lines.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { LogStory } from '../sim/mail-log.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { recordStories } from './recorded-stories.ts';

/** What became of each recipient; notices and copies are left out. */
function fates(lines: readonly string[]): {
  readonly messages: readonly (string | undefined)[];
  readonly outcomes: Record<string, readonly string[]>;
} {
  const messages = new Set<JoinedMail>();
  const attempts = new Map<object, { readonly mail: JoinedMail; readonly attempt: Attempt }>();
  const join = openJoin({
    message: (mail) => void messages.add(mail),
    // It is told again when it turns out that a filter took the message.
    attempt(mail, attempt, delivery) {
      const told = attempt();
      attempts.set(delivery ?? told, { mail, attempt: told });
    },
    merged: (mail) => void messages.delete(mail),
  });
  const reader = openLogLines({ defaultDomain: '', writtenAt: Date.now() as Millis });
  for (const line of lines) for (const fact of reader.take(line)) join.seen(fact);
  for (const fact of reader.end()) join.seen(fact);
  join.end();
  const outcomes: Record<string, readonly string[]> = {};
  // A filter may have sent it on before Postfix logs that the filter took it.
  for (const wasHanded of [true, false]) {
    for (const [line, { mail, attempt }] of attempts) {
      const { outcome, recipient } = attempt;
      if ((outcome === 'handed-on') !== wasHanded || isOfNotice(line, mail)) continue;
      outcomes[recipient] = [...(outcomes[recipient] ?? []), outcome];
    }
  }
  return { messages: [...messages].map((mail) => loggedOf(mail).account), outcomes };
}

/** It may turn out after its delivery that the message is a notice or a copy. */
function isOfNotice(line: object, mail: JoinedMail): boolean {
  return 'queueId' in line && rootOf(mail).isForeign(String(line.queueId));
}

const sent = ['sent'];
const filtered = ['handed-on', 'sent'];
const expected: Record<string, Record<string, readonly string[]>> = {
  one: { 'one@world.test': sent },
  three: { 'one@world.test': sent, 'two@mail.test': sent, 'three@world.test': sent },
  bounced: { 'one@world.test': sent, 'gone@world.test': ['bounced'] },
  sendmail: { 'one@world.test': sent },
  inbound: { 'two@mail.test': sent },
  copied: { 'one@world.test': sent, 'archive@mail.test': sent },
  filtered: { 'one@world.test': filtered, 'two@world.test': filtered },
  piped: { 'one@world.test': filtered, 'two@mail.test': filtered },
  proxied: { 'one@world.test': sent },
};
/** How often it is deferred depends on the machine. */
const deferred: Record<string, RegExp> = {
  deferred: /^(?:deferred )+sent$/,
  requeued: /^(?:deferred )+sent$/,
  expired: /^(?:deferred )+expired$/,
  'filtered and deferred': /^handed-on (?:deferred )+sent$/,
  'piped and deferred': /^handed-on (?:deferred )+sent$/,
};

if (!onOwnMachine) onMachineOfItsOwn(import.meta.filename);
else {
  test('each message with its account and what became of its recipients', async (t) => {
    const stories: readonly LogStory[] = await recordStories();
    assert.equal(stories.length, Object.keys(expected).length + Object.keys(deferred).length);
    for (const { account, lines, name } of stories) {
      await t.test(name, () => {
        const { messages, outcomes } = fates(lines);
        assert.deepEqual(messages, [account], lines.join('\n'));
        const pattern = deferred[name];
        if (pattern === undefined) assert.deepEqual(outcomes, expected[name], lines.join('\n'));
        else assert.match(Object.values(outcomes)[0]?.join(' ') ?? '', pattern, lines.join('\n'));
      });
    }
    await t.test('all one after the other, with one Message-ID', () => {
      const { messages } = fates(stories.flatMap(({ lines }) => lines));
      const count = (names: readonly (string | undefined)[]): string => names.toSorted().join(' ');
      assert.equal(count(messages), count(stories.map(({ account }) => account)));
    });
  });
}
