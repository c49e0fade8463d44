/**
 * A register that says yes to everything and notes what it was asked; with some scripts in it, for
 * the page.
 */
import type { Account } from '../../src/core/account-name.ts';
import { ruleText } from '../../src/core/scripts/rule-text.ts';
import { hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import type {
  RuleResult,
  ScriptAdmin,
  ScriptRuleRow,
  ScriptView,
} from '../../src/ports/scripts.ts';

export function agreeableScripts(calls: string[], start?: Millis): ScriptAdmin {
  const yes = async (call: string): Promise<RuleResult> => {
    calls.push(call);
    return { ok: true, text: 'done', count: 1 };
  };
  const scripts = start === undefined ? [] : seen(start);
  return {
    list: () => ({
      mode: start === undefined ? 'observe' : 'guard',
      scripts,
      rules: start === undefined ? [] : rules(start),
      known: scripts.length,
    }),
    rule: (rule, note, by) => yes(`rule ${ruleText({ ...rule, id: 'r1' })} (${note}) by ${by}`),
    whose: async ({ port }) => (port === 40_001 ? 'www-data' : undefined),
    forget: (which, by) => yes(`forget ${which} by ${by}`),
    forgetAddress: () => undefined,
  };
}

function rules(start: Millis): readonly ScriptRuleRow[] {
  const row: ScriptRuleRow = {
    id: 'r1',
    path: '/var/www/club/kontakt.php',
    uid: undefined,
    from: [],
    rate: undefined,
    recipients: { kind: 'owner-and-visitor', owners: ['vorstand@club.example'] },
    effect: 'allow',
    note: '',
    by: 'op',
    at: start,
    removedAt: undefined,
  };
  const uploads = '/var/www/*/wp-content/uploads/**';
  return [row, { ...row, id: 'r2', path: uploads, recipients: { kind: 'any' }, effect: 'deny' }];
}

function seen(start: Millis): readonly ScriptView[] {
  const ago = (ms: number): Millis => (start - ms) as Millis;
  const script = (subject: string, more: Partial<ScriptView>): ScriptView => ({
    account: `script:${subject}` as Account,
    subject,
    uid: 1_001,
    user: 'shop',
    how: 'hint',
    firstAt: ago(900 * hourMs),
    lastAt: ago(5 * minuteMs),
    messages: 1,
    recipients: 1,
    recipientsMost: 1,
    held: 0,
    odd: 0,
    oddAt: undefined,
    oddText: '',
    to: [],
    from: [],
    rule: '',
    ruleText: '',
    suggestion: '',
    ...more,
  });
  return [
    script('/var/www/shop/htdocs/wp-content/plugins/order-mailer/send.php', {
      messages: 3_310,
      recipients: 3_412,
    }),
    script('/var/www/club/kontakt.php', {
      user: 'club',
      messages: 742,
      recipients: 1_321,
      held: 590,
      odd: 590,
      rule: 'r1',
      oddAt: ago(7 * minuteMs),
      oddText: 'header injection: a second To field names 40 addresses more',
    }),
    script('/var/www/praxis/termin.php', {
      user: 'praxis',
      messages: 61,
      recipients: 118,
      lastAt: ago(3 * hourMs),
      suggestion:
        'postern scripts allow /var/www/praxis/termin.php --owner praxis@praxis.example ' +
        '--from termin@praxis.example',
    }),
    script('/var/www/shop/htdocs/wp-content/uploads/2026/x.php', {
      messages: 12,
      recipients: 12,
      held: 12,
      rule: 'r2',
      odd: 12,
      oddAt: ago(hourMs),
      oddText: 'rule r2 allows it to send nothing',
    }),
  ];
}
