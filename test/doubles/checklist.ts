/** A checklist as a run has found it, for tests of the API and for looking at the status page. */
import type { ChecklistItem, ItemState } from '../../src/core/checklist/items/item.ts';
import type { Acknowledgement } from '../../src/core/checklist/memory/ack.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import type { ChecklistAdmin, ItemView } from '../../src/ports/checklist/checklist.ts';
import type { Scene } from './night.ts';

/** An item that is done, with what a test says otherwise. */
export function checklistItem(id: string, more: Partial<ChecklistItem> = {}): ChecklistItem {
  return {
    id,
    title: `${id} is in place`,
    state: 'done',
    effort: 'minutes',
    cost: 'free',
    effect: 'Prevents something.',
    requiredBy: [],
    found: 'it is as it should be',
    fix: '',
    command: '',
    ...more,
  };
}

const openItems: readonly ChecklistItem[] = [
  checklistItem('signing.published', {
    title: 'DKIM keys of all domains are published',
    state: 'broken',
    effect: 'Receivers see that mail is from you and was not changed.',
    requiredBy: ['Gmail', 'Yahoo', 'Microsoft'],
    found: 'key r20260101 of example.org is missing from DNS since 2 days',
    fix: 'publish the record again',
    command: 'postern dns plan example.org',
  }),
  checklistItem('logins.tls', {
    title: 'Passwords are taken over TLS only',
    state: 'broken',
    effect: 'Nobody on the way reads a password.',
    found: 'submission on port 587 offers AUTH without TLS',
    fix: 'set smtpd_tls_auth_only = yes',
    command: 'postconf -e smtpd_tls_auth_only=yes && postfix reload',
  }),
  checklistItem('postfix.recipients', {
    title: 'Postfix knows which recipients exist',
    state: 'missing',
    effect: 'Mail to nobody is refused and not bounced to forged senders.',
    requiredBy: ['Spamhaus'],
    found: 'example.net takes mail for any name',
    fix: 'tell Postfix the recipients',
    command: 'postern connect recipients',
  }),
  checklistItem('dns.mta-sts', {
    title: 'MTA-STS is published',
    state: 'missing',
    effort: 'hours',
    effect: 'Mail to you is not read on the way.',
    found: '_mta-sts.example.org has no TXT record',
    fix: 'publish the policy on a web server',
    command: '',
  }),
  checklistItem('queue.tools', {
    title: 'Postern can hold queued mail',
    state: 'unknown',
    effect: 'Spam of a hijacked account that is queued already is stopped.',
    found: 'only root can look: run it as root',
    fix: 'run it as root',
    command: 'sudo postern checklist',
  }),
  checklistItem('scan.sandbox', {
    title: 'Attachments are opened in a sandbox',
    state: 'missing',
    effort: 'days',
    cost: 'money',
    effect: 'Unknown malware is found.',
    found: 'no such service is set',
    fix: 'buy a service',
    command: '',
  }),
];

const doneNames = [
  ...['guard.runs', 'guard.mode', 'ledger.writes', 'notices.reach', 'dns.spf', 'dns.dmarc'],
  ...['dns.reverse', 'postfix.connected', 'postfix.relay', 'passwords.audit', 'scan.connected'],
  ...['scripts.door', 'inbound.verify', 'machine.clock', 'machine.disk', 'lanes.healthy'],
];

const items: readonly ChecklistItem[] = [
  ...openItems,
  ...doneNames.map((id) => checklistItem(id)),
  checklistItem('dns.null-mx', {
    title: 'Domains that take no mail say so',
    state: 'not needed',
    found: 'every domain here takes mail',
  }),
];

/** With a name of the scene that has no checklist yet (`empty`), no run has reported. */
export function scriptedChecklist(now: () => Millis, scene: Scene): ChecklistAdmin {
  const start = now();
  const acks = new Map<string, Acknowledgement>();
  const shown = (item: ChecklistItem): ItemView => ({
    ...item,
    since: (start - 3 * dayMs) as Millis,
    by: 'root',
    foundAt: (start - 2 * hourMs) as Millis,
    unknownWhy: '',
    ack: acks.get(item.id),
  });
  const last = { at: (start - 2 * hourMs) as Millis, by: 'nightly check', asRoot: false };
  const isEmpty = scene === 'empty';
  return {
    view: () => ({
      last: isEmpty ? undefined : last,
      isRunning: isEmpty,
      now: now(),
      command: 'sudo postern checklist',
      items: isEmpty ? [] : items.map(shown),
    }),
    acknowledgements: () => [...acks.values()],
    history: () => [
      {
        at: (start - 2 * dayMs) as Millis,
        id: 'signing.published',
        what: 'state',
        from: 'done',
        to: 'broken',
        by: 'nightly check',
        text: 'key r20260101 of example.org is missing from DNS',
      },
    ],
    note: async (part) => ({ ok: true, text: 'noted', count: part.items.length }),
    async acknowledge(id, { by, days, note }) {
      const item = items.find((one) => one.id === id);
      if (item === undefined) return { ok: false, text: `the checklist has no item ${id}` };
      const state: ItemState = item.state;
      if (days === 0) acks.delete(id);
      else {
        const until = (now() + days * dayMs) as Millis;
        acks.set(id, { id, state, at: now(), until, note, by });
      }
      return { ok: true, text: `${id} is acknowledged for ${days} days`, count: 1 };
    },
  };
}
