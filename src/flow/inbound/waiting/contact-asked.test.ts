/** The policy door about strangers: DUNNO, or a 451 that the message door does not repeat. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../../test/doubles/world.ts';
import { ManualTime } from '../../../../test/ledger/manual-time.ts';
import { inMemory, openLedger } from '../../../ledger/sqlite/open.ts';
import { type Millis, minuteMs } from '../../../lib/time.ts';
import type { Answer, PolicyRequest } from '../../../ports/message.ts';
import { openJournal } from '../../journal/journal.ts';
import { AllowedSenders } from './allowed-senders.ts';
import { openContactAsked } from './contact-asked.ts';
import { KnownSenders } from './known-senders.ts';

const request: PolicyRequest = {
  stage: 'RCPT',
  instance: 'i1',
  queueId: '',
  account: undefined,
  client: '192.0.2.1',
  clientName: '',
  reverseName: '',
  helo: 'out.far.example',
  sender: 'x@far.example',
  recipient: 'ann@here.example',
  recipientCount: 0,
  sizeBytes: 0,
  auth: '',
  tls: '',
};

function rig(how: { readonly dns?: 'silent'; readonly defersAt?: 'data' } = {}) {
  const time = new ManualTime(1_795_000_000_000);
  const counted: string[] = [];
  const world = quietWorld({
    clock: time,
    timers: time,
    count: (name, _by, label = '') => void counted.push(`${name} ${label}`),
  });
  const ledger = openLedger(inMemory);
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const allowed = new AllowedSenders([], ['@good.example']);
  const known = new KnownSenders({ journal, ledger, allowed, seed: () => 7 });
  const contacts = openContactAsked({
    known,
    resolve:
      how.dns === 'silent'
        ? () => new Promise(() => undefined)
        : async () => ({ kind: 'none', exists: false }) as never,
    mayRelay: (client) => client === '192.0.2.99',
    host: 'mail.here.example',
    world,
    settings: {
      policy: {
        stance: 'defer',
        waitMs: 10 * minuteMs,
        learningUntil: 0 as Millis,
        isOurs: (domain) => domain === 'here.example',
        organisationOf: (domain) => domain,
      },
      junkFields: [],
      dnsbl: [],
      dnswl: [],
      defersAt: how.defersAt ?? 'rcpt',
    },
  });
  const ask = async (more: Partial<PolicyRequest> = {}): Promise<string> => {
    let said: Answer | undefined;
    contacts.ask({ ...request, ...more }, (answer) => {
      assert.equal(said, undefined, 'once');
      said = answer;
    });
    await time.pass(5_000);
    return said?.kind === 'reply' ? `${said.code} ${said.text}` : (said?.kind ?? 'nothing');
  };
  const atRisk = (): readonly string[] => {
    journal.flushNow();
    return ledger.notBack(Number.MAX_SAFE_INTEGER as Millis, 9).map(({ sender }) => sender);
  };
  return { ask, atRisk, counted, known, time };
}

const later = '451 Not known here yet; please try again in 1 min';

test('a stranger without a name is put off, is at risk, and passes when it is back', async () => {
  const { ask, atRisk, counted, time } = rig();
  assert.equal(await ask(), later);
  assert.deepEqual(atRisk(), ['x@far.example']);
  await time.pass(20 * minuteMs);
  assert.equal(await ask(), 'pass');
  assert.deepEqual(atRisk(), []);
  const judged = counted.filter((one) => one.startsWith('postern_inbound_judged'));
  assert.deepEqual(judged, ['postern_inbound_judged_total defer']);
});

test('a bounce has nothing against it that only its content could disprove', async () => {
  const { ask, known } = rig();
  // First seen, a name that does not resolve back, no SPF: 5 points, and 6 are too many.
  assert.equal(await ask({ sender: '', reverseName: 'out.far.example' }), 'pass');
  assert.equal(known.size, 0);
});

test('DUNNO: off, trusted, allowed, known, or a DNS that is slow', async () => {
  assert.equal(await rig({ defersAt: 'data' }).ask(), 'pass');
  assert.equal(await rig().ask({ client: '192.0.2.99' }), 'pass');
  assert.equal(await rig().ask({ sender: 'a@good.example' }), 'pass');
  assert.equal(await rig({ dns: 'silent' }).ask(), 'pass');
  const of = rig();
  of.known.see('missed', 'v4:192.0.2', of.time.now());
  assert.equal(await of.ask(), 'pass');
});

test('more questions than may wait for the DNS: DUNNO at once', async () => {
  const { ask } = rig({ dns: 'silent' });
  const all = Array.from({ length: 500 }, () => ask());
  assert.equal(await ask(), 'pass');
  assert.deepEqual(new Set(await Promise.all(all)), new Set(['pass']));
});
