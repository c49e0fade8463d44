/**
 * Rows to store in tests: complete, and each field its own value, so that a mix-up of columns
 * shows.
 */
import type { Account } from '../../src/core/account-name.ts';
import type { SeenPair } from '../../src/core/authors/suggest.ts';
import type { WeakPassword } from '../../src/core/passwords/weak.ts';
import type { ScriptSeen } from '../../src/core/scripts/register.ts';
import type { DkimKey } from '../../src/core/signing/key.ts';
import type { KeyHolder } from '../../src/core/signing/probation/plan.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { MayWriteAsRow } from '../../src/ports/authors.ts';
import type { HandoverRow } from '../../src/ports/handover.ts';
import type {
  AuditRow,
  Change,
  ExemptionRow,
  HeldRow,
  IncidentRow,
  MessageRow,
  NoticeRow,
  SendingDomainRow,
  StoryRow,
} from '../../src/ports/ledger.ts';
import type { ScriptRuleRow } from '../../src/ports/scripts.ts';

export const joe = 'joe@example.org' as Account;
export const ann = 'ann@example.org' as Account;

export function at(ms: number): Millis {
  return ms as Millis;
}

export function accountOf(
  account: Account,
  more: Partial<Extract<Change, { kind: 'account' }>> = {},
): Extract<Change, { kind: 'account' }> {
  return {
    kind: 'account',
    account,
    state: 'clear',
    profile: '{}',
    learned: [],
    forgotten: [],
    ...more,
  };
}

export function messageRow(more: Partial<MessageRow> = {}): MessageRow {
  return {
    queueId: '4ZQueue1',
    at: at(1_000),
    account: joe,
    verdict: 'pass',
    recipients: 3,
    client: '192.0.2.7',
    sender: 'joe@example.org',
    messageId: '<1@example.org>',
    ...more,
  };
}

export function storyRow(more: Partial<StoryRow> = {}): StoryRow {
  return {
    id: '4ZStory1',
    at: at(2_000),
    account: joe,
    verdict: 'hold',
    state: 'watched',
    observed: true,
    recipients: 5,
    sample: ['a@example.net', 'ü"\\@example.net'],
    client: '2001:db8::7',
    subject: "it's a 'subject'; -- \u{1f4e8}",
    reasons: [
      {
        signal: 'new-recipients',
        saw: 5,
        usual: 0.5,
        weight: 1.25,
        windowMs: 1_800_000,
        normalFor: 'account',
      },
    ],
    ...more,
  };
}

export function heldRow(more: Partial<HeldRow> = {}): HeldRow {
  return {
    queueId: '4ZHeld1',
    at: at(3_000),
    account: joe,
    recipients: 7,
    bytes: 4_000,
    why: 'queue',
    state: 'held',
    changedAt: at(3_500),
    by: 'guard',
    ...more,
  };
}

export function incidentRow(more: Partial<IncidentRow> = {}): IncidentRow {
  return {
    id: 'incident-1',
    account: joe,
    observed: false,
    by: 'guard',
    since: at(4_000),
    suspendedAt: at(4_500),
    endedAt: undefined,
    endedBy: '',
    leakedMessages: 2,
    leakedRecipients: 4,
    stoppedMessages: 6,
    queuedHeld: 8,
    loginClosed: true,
    // As Postern 0.1 stored reasons.
    reasons: [{ signal: 'fan-out', text: 'many', saw: 50, usual: 2, weight: 2 }],
    ...more,
  };
}

export function exemptionRow(more: Partial<ExemptionRow> = {}): ExemptionRow {
  return {
    account: joe,
    until: at(9_000),
    by: 'admin',
    note: 'newsletter',
    at: at(5_000),
    ...more,
  };
}

export function auditRow(more: Partial<AuditRow> = {}): AuditRow {
  return { at: at(6_000), by: 'admin', action: 'release', account: joe, detail: 'called', ...more };
}

export function noticeRow(more: Partial<NoticeRow> = {}): NoticeRow {
  return {
    id: 'notice-1',
    at: at(7_000),
    channel: 'mail',
    body: '{"a":1}',
    tries: 1,
    nextAt: at(7_500),
    state: 'waiting',
    ...more,
  };
}

export function keyHolder(more: Partial<KeyHolder> = {}): KeyHolder {
  return {
    domain: 'example.org',
    selector: 'kx1',
    account: 'joe@example.org' as Account,
    givenAt: at(10_500),
    usedAt: at(10_600),
    ...more,
  };
}

export function dkimKey(more: Partial<DkimKey> = {}): DkimKey {
  return {
    domain: 'example.org',
    selector: 'r20260101',
    algorithm: 'rsa-sha256',
    bits: 2048,
    publicKey: 'MIIBIjAN+/=',
    file: 'example.org/r20260101.pem',
    state: 'retiring',
    times: {
      made: at(10_000),
      published: at(10_100),
      seen: at(10_200),
      signing: at(10_300),
      retiring: at(10_400),
    },
    absentAt: at(10_150),
    cachedMs: 300_000,
    lostSince: at(10_250),
    answeringSince: at(10_300),
    byOrder: true,
    returns: true,
    toldAt: at(10_050),
    sight: 'partly',
    sightAt: at(10_500),
    sightText: 'ns2.example.org: nothing',
    note: 'made by op',
    ...more,
  };
}

export function sendingDomainRow(more: Partial<SendingDomainRow> = {}): SendingDomainRow {
  return {
    domain: 'example.org',
    firstAt: at(8_000),
    lastAt: at(8_500),
    messages: 9,
    signed: 4,
    signedBy: 'signer.example',
    unsubscribe: {
      since: at(0),
      messages: 3,
      offered: 2,
      oneClick: 1,
      before: { messages: 9, offered: 8, oneClick: 0 },
    },
    ...more,
  };
}

export function weakPassword(more: Partial<WeakPassword> = {}): WeakPassword {
  return {
    account: joe,
    login: 'joe',
    source: 'shadow:/etc/shadow',
    scheme: 'yescrypt',
    strength: 'under-a-second',
    by: 'single',
    since: at(11_000),
    changedAt: undefined,
    toldAt: at(11_500),
    ...more,
  };
}

export function scriptSeen(more: Partial<ScriptSeen> = {}): ScriptSeen {
  return {
    account: 'script:/var/www/shop/contact.php' as Account,
    subject: '/var/www/shop/contact.php',
    uid: 1_001,
    user: 'shop',
    how: 'cgi',
    firstAt: at(12_000),
    lastAt: at(12_500),
    messages: 9,
    recipients: 17,
    recipientsMost: 2,
    held: 1,
    odd: 2,
    oddAt: at(12_400),
    oddText: 'header injection: 2 From fields that differ',
    to: [{ key: 'owner@shop.example', count: 9 }],
    from: [{ key: 'web@shop.example', count: 9 }],
    ...more,
  };
}

export function scriptRuleRow(more: Partial<ScriptRuleRow> = {}): ScriptRuleRow {
  return {
    id: 'r3',
    path: '/var/www/shop/*',
    uid: 1_001,
    from: ['@shop.example'],
    recipients: { kind: 'owner-and-visitor', owners: ['owner@shop.example'] },
    rate: { messages: 20, perMs: 3_600_000 },
    effect: 'allow',
    note: 'asked for',
    by: 'op',
    at: at(13_000),
    removedAt: undefined,
    ...more,
  };
}

export function handoverRow(more: Partial<HandoverRow> = {}): HandoverRow {
  return {
    token: '0123456789abcdef',
    attempt: 'a2',
    at: at(14_000),
    sender: 'web@shop.example',
    submitter: {
      uid: 1_001,
      user: 'shop',
      pid: 77,
      executable: '/usr/bin/php',
      cwd: '/var/www/shop',
      script: '/var/www/shop/contact.php',
      scriptOwner: 1_001,
      how: 'cgi',
      proven: 'kernel',
      parents: [],
    },
    ...more,
  };
}

export function mayWriteAsRow(more: Partial<MayWriteAsRow> = {}): MayWriteAsRow {
  return {
    account: joe,
    address: 'info@example.com',
    note: 'asked',
    by: 'op',
    at: at(16_000),
    removedAt: undefined,
    ...more,
  };
}

export function writtenAsRow(more: Partial<SeenPair> = {}): SeenPair {
  return {
    account: joe,
    address: '@example.net',
    firstAt: at(16_000),
    lastAt: at(17_000),
    messages: 9,
    days: 5,
    ...more,
  };
}
