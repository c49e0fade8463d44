/** The register of scripts: what was seen of each, and the rules. Lists are JSON. */
import type { Account } from '../../../core/account-name.ts';
import { scriptSources } from '../../../core/script-mail.ts';
import type { Counted, ScriptSeen } from '../../../core/scripts/register.ts';
import { type RecipientRule, ruleEffects } from '../../../core/scripts/rules.ts';
import type { ScriptLedger, ScriptRuleRow } from '../../../ports/scripts.ts';
import {
  instant,
  integer,
  oneOf,
  optionalInstant,
  optionalInteger,
  type Row,
  type Statements,
  text,
} from './statements.ts';

export type ScriptTable = ScriptLedger & {
  put(row: ScriptSeen): void;
  putRule(row: ScriptRuleRow): void;
};

export function scriptTable(make: Statements): ScriptTable {
  const put = make.command(
    `INSERT OR REPLACE INTO script (account, subject, uid, user, how, first_at, last_at, messages,
       recipients, recipients_most, held, odd, odd_at, odd_text, written_to, sent_as)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putRule = make.command(
    `INSERT OR REPLACE INTO script_rule (number, path, uid, recipients, sent_as, rate_messages,
       rate_ms, effect, note, made_by, at, removed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = make.query('SELECT * FROM script ORDER BY last_at DESC, account');
  const rules = make.query('SELECT * FROM script_rule ORDER BY number');
  return {
    put: (row) =>
      put(
        row.account,
        row.subject,
        row.uid,
        row.user,
        row.how,
        row.firstAt,
        row.lastAt,
        row.messages,
        row.recipients,
        row.recipientsMost,
        row.held,
        row.odd,
        row.oddAt ?? null,
        row.oddText,
        JSON.stringify(row.to),
        JSON.stringify(row.from),
      ),
    putRule: (row) =>
      putRule(
        Number(row.id.slice(1)),
        row.path,
        row.uid ?? null,
        JSON.stringify(row.recipients),
        JSON.stringify(row.from),
        row.rate?.messages ?? null,
        row.rate?.perMs ?? null,
        row.effect,
        row.note,
        row.by,
        row.at,
        row.removedAt ?? null,
      ),
    scripts: () => all.all().map(scriptSeen),
    scriptRules: () => rules.all().map(ruleRow),
  };
}

function scriptSeen(row: Row): ScriptSeen {
  return {
    account: text(row, 'account') as Account,
    subject: text(row, 'subject'),
    uid: integer(row, 'uid'),
    user: text(row, 'user'),
    how: oneOf(scriptSources, row, 'how'),
    firstAt: instant(row, 'first_at'),
    lastAt: instant(row, 'last_at'),
    messages: integer(row, 'messages'),
    recipients: integer(row, 'recipients'),
    recipientsMost: integer(row, 'recipients_most'),
    held: integer(row, 'held'),
    odd: integer(row, 'odd'),
    oddAt: optionalInstant(row, 'odd_at'),
    oddText: text(row, 'odd_text'),
    // Only Postern writes them.
    to: JSON.parse(text(row, 'written_to')) as readonly Counted[],
    from: JSON.parse(text(row, 'sent_as')) as readonly Counted[],
  };
}

function ruleRow(row: Row): ScriptRuleRow {
  const messages = optionalInteger(row, 'rate_messages');
  return {
    id: `r${integer(row, 'number')}`,
    path: text(row, 'path'),
    uid: optionalInteger(row, 'uid'),
    recipients: JSON.parse(text(row, 'recipients')) as RecipientRule,
    from: JSON.parse(text(row, 'sent_as')) as readonly string[],
    rate:
      messages === undefined
        ? undefined
        : { messages, perMs: optionalInteger(row, 'rate_ms') ?? 0 },
    effect: oneOf(ruleEffects, row, 'effect'),
    note: text(row, 'note'),
    by: text(row, 'made_by'),
    at: instant(row, 'at'),
    removedAt: optionalInstant(row, 'removed_at'),
  };
}
