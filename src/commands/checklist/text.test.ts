import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { Millis } from '../../lib/time.ts';
import { type ChecklistText, checklistText, itemText } from './text.ts';

const item = (id: string, more: Partial<ChecklistItem>): ChecklistItem => ({
  id,
  title: `title of ${id}`,
  state: 'missing',
  effort: 'minutes',
  cost: 'free',
  effect: 'It helps.',
  requiredBy: [],
  found: 'nothing',
  fix: '',
  command: '',
  ...more,
});
const items = [
  item('a.broken', { state: 'broken', command: 'postern fix', requiredBy: ['Gmail', 'Yahoo'] }),
  item('b.missing', { cost: 'money', fix: 'buy it\nand read the manual' }),
  item('c.unknown', { state: 'unknown', found: 'no guard' }),
  item('d.unknown', { state: 'unknown', found: 'no guard' }),
  item('e.done', { state: 'done' }),
];
const list: ChecklistText = {
  top: '1 broken',
  items,
  isWhole: false,
  sources: ['dns', 'probe'],
  unread: [['probe', 'no port answers']],
  notes: ['30 of 31 domains were checked'],
};
const text = (more: Partial<ChecklistText> = {}): string =>
  stripVTControlCharacters(checklistText({ ...list, ...more }));

test('what is open comes with its price and its command; what is done is only counted', () => {
  assert.equal(
    text(),
    `1 broken

✗ broken      a.broken  (minutes, free; required by Gmail, Yahoo)
    title of a.broken
    found     nothing
    do        postern fix

! missing     b.missing  (minutes, costs money)
    title of b.missing
    found     nothing
    do        buy it

? unknown     2 items
    because   no guard
    items     c.unknown, d.unknown

5 items: 1 broken, 1 missing, 2 unknown, 1 done, 0 not needed
Read 1 of 2 sources; could not read: probe (no port answers)
30 of 31 domains were checked
What is done: postern checklist --all. One item: postern checklist show ITEM
`,
  );
});

test('the whole list names each item', () => {
  const whole = text({ isWhole: true });
  for (const { id } of items) assert.match(whole, new RegExp(`^\\S .* ${id}`, 'm'));
  assert.doesNotMatch(whole, /What is done/);
});

test('one item says why, until when, and every line of its fix', () => {
  const due = { at: Date.UTC(2026, 11, 31) as Millis, what: 'key s1' };
  const shown = itemText(item('b.missing', { fix: 'buy it\nread it', due, follows: ['a.b'] }));
  for (const part of [/prevents +It helps\./, /until +2026-12-31: key s1/, /follows +a\.b/]) {
    assert.match(shown, part);
  }
  assert.match(shown, /fix +buy it\n +read it\n/);
});

test('names from the DNS cannot play with the terminal', () => {
  const evil = text({ items: [item('x', { found: 'a\u001b[2Jb\u202e' })] });
  assert.ok(!evil.includes('\u001b') && !evil.includes('\u202e'), JSON.stringify(evil));
});

test('a command is never broken into lines', () => {
  const commands = [
    "postconf -e 'smtpd_tls_protocols = >=TLSv1.2' 'smtpd_tls_ciphers = high' && postfix reload",
    'systemctl restart postern',
    'postern dkim new DOMAIN',
    'apt-get install postfix',
  ];
  for (const command of commands) {
    for (let before = 0; before < 100; before++) {
      const fix = `${'x'.repeat(before)} ${command}, and all is well`;
      const printed = text({ items: [item('a', { fix })] });
      assert.ok(printed.includes(command), printed);
    }
  }
});
