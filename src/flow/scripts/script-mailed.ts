/**
 * Compares mail of a web script with the register before the guard judges it, and notes it there.
 * The register has the rules and the scripts that were seen, all in memory. Changes are written
 * every few seconds, one row a script.
 */

import { type Account, withoutAutomatic } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type {
  ScriptFinding,
  ScriptMail,
  ScriptReason,
  ScriptSubmitter,
} from '../../core/script-mail.ts';
import { noted, type ScriptSeen, scriptsMax } from '../../core/scripts/register.ts';
import { ruleText, ruleWords } from '../../core/scripts/rule-text.ts';
import { judgeScriptMail, type ScriptMode, type ScriptRule } from '../../core/scripts/rules.ts';
import {
  handedAccount,
  isByRight,
  isService,
  scriptAccount,
} from '../../core/scripts/submitter.ts';
import { withoutAddress } from '../../formats/message/without-address.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type {
  NewRule,
  RuleResult,
  ScriptAdmin,
  ScriptJudge,
  ScriptLedger,
  ScriptRuleRow,
} from '../../ports/scripts.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import { NewScripts, newOfPersonMax, newOfServiceMax } from './new-scripts.ts';
import { scriptList } from './script-list.ts';

export type ScriptSettings = {
  readonly mode: ScriptMode;
  readonly trustedUsers: ReadonlySet<string>;
};

export type Scripts = {
  readonly judge: ScriptJudge;
  /** The message was answered; `stopped`: held or refused. */
  answered(message: Submission, what: 'passed' | 'stopped'): void;
  readonly admin: Omit<ScriptAdmin, 'whose'>;
  /** Writes what was noted, and stops the timer. */
  close(): void;
};

/** Rules in force: no person decides on more. */
const rulesMax = 5_000;
const writeEveryMs = 10 * secondMs;
/** Pairs of rule and user with messages counted for a rate. */
const ratedMax = 10_000;

export type ScriptDeps = {
  readonly stored: ScriptLedger;
  readonly journal: Pick<Journal, 'add' | 'committed'>;
  readonly world: World;
  readonly settings: ScriptSettings;
};

export function openScripts(deps: ScriptDeps): Scripts {
  const register = new ScriptRegister(deps);
  return {
    judge: (message) => register.judge(message),
    answered: (message, what) => register.answered(message, what),
    admin: {
      list: (filter) => register.list(filter),
      rule: (wanted, note, by) => register.rule(wanted, note, by),
      forget: (which, by) => register.forget(which, by),
      forgetAddress: (address) => register.forgetAddress(address),
    },
    close: () => register.close(),
  };
}

class ScriptRegister {
  readonly #deps: ScriptDeps;
  readonly #seen = new Map<Account, ScriptSeen>();
  readonly #changed = new Set<Account>();
  readonly #rated = new Map<string, Millis[]>();
  readonly #new: NewScripts;
  readonly #stop: () => void;
  #rules: readonly ScriptRuleRow[];
  #nextRule: number;

  constructor(deps: ScriptDeps) {
    this.#deps = deps;
    for (const row of deps.stored.scripts().slice(0, scriptsMax)) this.#seen.set(row.account, row);
    this.#new = new NewScripts(this.#seen.values());
    const rules = deps.stored.scriptRules();
    this.#rules = rules.filter(({ removedAt }) => removedAt === undefined);
    this.#nextRule = 1 + Math.max(0, ...rules.map(({ id }) => Number(id.slice(1))));
    this.#stop = deps.world.timers.every(writeEveryMs, () => this.#write());
  }

  judge(message: Submission): Submission {
    if (message.handed === undefined) return message;
    const { settings, world } = this.#deps;
    const mail = writtenMail(message, message.handed);
    const { uid } = mail.submitter;
    const judged = judgeScriptMail(
      {
        mode: settings.mode,
        rules: this.#rules,
        trustedUsers: settings.trustedUsers,
        sentLately: (rule) => this.#lately(rule, uid, message.at).length,
      },
      mail,
    );
    const rule = this.#rules.find(({ id }) => id === judged.rule);
    if (rule?.rate !== undefined && judged.verdict === 'pass') {
      this.#lately(rule, uid, message.at).push(message.at);
    }
    const named = isByRight(mail.submitter) ? mail.submitter : withoutScript(mail.submitter);
    const submitter = this.#countedAs(named, rule, message.at);
    const account = scriptAccount(submitter);
    const finding = submitter === named ? judged : withMany(judged, mail.submitter);
    world.count('postern_script_messages_total', 1, finding.verdict);
    for (const { signal } of finding.findings) {
      world.count('postern_script_findings_total', 1, signal);
    }
    this.#note(noted(this.#seen.get(account), { ...mail, submitter }, finding, message.at));
    const script = account.startsWith('script:') ? account.slice('script:'.length) : account;
    return {
      ...message,
      account: handedAccount(submitter, message.sender),
      script,
      handed: mail,
      scriptFinding: finding,
    };
  }

  answered(message: Submission, what: 'passed' | 'stopped'): void {
    if (message.scriptFinding === undefined || what === 'passed') return;
    const row = this.#seen.get(withoutAutomatic(message.account));
    if (row !== undefined) this.#note({ ...row, held: row.held + 1 });
  }

  list(filter: Parameters<ScriptAdmin['list']>[0]): ReturnType<ScriptAdmin['list']> {
    const { mode } = this.#deps.settings;
    return scriptList({ mode, scripts: this.#seen.values(), rules: this.#rules }, filter);
  }

  async rule(wanted: NewRule, note: string, by: string): Promise<RuleResult> {
    const same = this.#rules.find(({ path, uid }) => path === wanted.path && uid === wanted.uid);
    if (same === undefined && this.#rules.length >= rulesMax) {
      return {
        ok: false,
        text: `the register of scripts already has ${rulesMax} rules, the most that it takes`,
        hint: 'postern scripts forget RULE',
      };
    }
    const at = this.#deps.world.clock.now();
    const id = `r${this.#nextRule++}`;
    const row: ScriptRuleRow = { ...wanted, id, note, by, at, removedAt: undefined };
    const gone = same === undefined ? [] : [{ ...same, removedAt: at }];
    this.#rules = [...this.#rules.filter((rule) => rule !== same), row];
    const undo = same === undefined ? ['forget', id] : ruleWords(same);
    const detail = `${id}: ${ruleText(row)}`;
    const kept = await this.#deps.journal.committed([
      ...[...gone, row].map((one): Change => ({ kind: 'script-rule', row: one })),
      this.#audit({ at, by, action: `script-${wanted.effect}`, detail: withNote(detail, note) }),
    ]);
    return said(kept, `${detail}\nundo: ${shellWords('postern', 'scripts', ...undo)}`);
  }

  async forget(which: string, by: string): Promise<RuleResult> {
    const gone = this.#rules.filter(({ id, path }) => id === which || path === which);
    if (gone.length === 0) {
      return {
        ok: false,
        text: `no rule ${which}`,
        hint: 'see the rules: postern scripts list --rules',
        isUnknown: true,
      };
    }
    const at = this.#deps.world.clock.now();
    this.#rules = this.#rules.filter((rule) => !gone.includes(rule));
    const changes = gone.flatMap((rule): Change[] => [
      { kind: 'script-rule', row: { ...rule, removedAt: at } },
      this.#audit({ at, by, action: 'script-forget', detail: `${rule.id}: ${ruleText(rule)}` }),
    ]);
    const undo = gone.map(
      (rule) => `undo: ${shellWords('postern', 'scripts', ...ruleWords(rule))}`,
    );
    const what = gone.map(({ id, path }) => `${id} for ${path} is removed`);
    return said(await this.#deps.journal.committed(changes), [...what, ...undo].join('\n'));
  }

  close(): void {
    this.#stop();
    this.#write();
  }

  /** The submitter to count the mail for: without its script if too many of this user are new. */
  #countedAs(
    submitter: ScriptSubmitter,
    rule: ScriptRule | undefined,
    at: Millis,
  ): ScriptSubmitter {
    const { script, uid } = submitter;
    const known =
      script === '' || rule?.path === script || this.#seen.has(scriptAccount(submitter));
    const most = isService(uid) ? newOfServiceMax : newOfPersonMax;
    return known || this.#new.add(uid, at, most) ? submitter : withoutScript(submitter);
  }

  /** The ledger removes the address from its rows: what is in memory must not bring it back. */
  forgetAddress(address: string): void {
    const others = (list: ScriptSeen['to']): ScriptSeen['to'] =>
      list.filter(({ key }) => key !== address);
    for (const row of this.#seen.values()) {
      const oddText = withoutAddress(row.oddText, address);
      const [to, from] = [others(row.to), others(row.from)];
      const isSame = to.length === row.to.length && from.length === row.from.length;
      if (!isSame || oddText !== row.oddText) {
        this.#seen.set(row.account, { ...row, to, from, oddText });
      }
    }
  }

  /** Forgets the script that has been silent longest, when the register is full. */
  #makeRoom(): void {
    let oldest: ScriptSeen | undefined;
    for (const row of this.#seen.values()) {
      if (oldest === undefined || row.lastAt < oldest.lastAt) oldest = row;
    }
    if (oldest === undefined) return;
    this.#seen.delete(oldest.account);
    this.#changed.delete(oldest.account);
  }

  #note(row: ScriptSeen): void {
    if (this.#seen.size >= scriptsMax && !this.#seen.has(row.account)) this.#makeRoom();
    this.#seen.set(row.account, row);
    this.#changed.add(row.account);
  }

  #write(): void {
    for (const account of this.#changed) {
      const row = this.#seen.get(account);
      if (row !== undefined) this.#deps.journal.add({ kind: 'script', row });
    }
    this.#changed.clear();
  }

  /** Times of this user's messages within the rule's period; forgets earlier ones. */
  #lately(rule: ScriptRule, uid: number, now: Millis): Millis[] {
    const key = `${rule.id} ${uid}`;
    const times = this.#rated.get(key) ?? [];
    const since = now - (rule.rate?.perMs ?? 0);
    while (times[0] !== undefined && times[0] <= since) times.shift();
    if (!this.#rated.has(key)) {
      // The oldest entry is the most likely to be out of use.
      const [oldest] = this.#rated.keys();
      if (this.#rated.size >= ratedMax && oldest !== undefined) this.#rated.delete(oldest);
      this.#rated.set(key, times);
    }
    return times;
  }

  #audit(row: {
    readonly at: Millis;
    readonly by: string;
    readonly action: string;
    readonly detail: string;
  }): Change {
    return { kind: 'audit', row: { ...row, account: '' } };
  }
}

/**
 * The script's mail with the recipients of the envelope, and with the From fields that the mail
 * server shows besides those that were read of what the script wrote, as in a header too large to
 * be read to its end.
 */
function writtenMail(message: Submission, handed: ScriptMail): ScriptMail {
  const { outside, local, headerFrom } = message;
  const { fromFields = headerFrom === undefined ? [] : [`<${headerFrom}>`] } = message;
  const read = handed.header.filter(({ name }) => name.toLowerCase() === 'from');
  const known = new Set(read.map(({ value }) => plain(value)));
  const more =
    fromFields.length > read.length ? fromFields.filter((value) => !known.has(plain(value))) : [];
  const from = more.map((value) => ({ name: 'From', value }));
  return { ...handed, recipients: [...outside, ...local], header: [...handed.header, ...from] };
}

const withoutScript = (submitter: ScriptSubmitter): ScriptSubmitter => ({
  ...submitter,
  script: '',
  how: 'none',
});
const plain = (value: string): string => value.replace(/\s+/g, '');

function withMany(finding: ScriptFinding, { script, uid, user }: ScriptSubmitter): ScriptFinding {
  const most = isService(uid) ? newOfServiceMax : newOfPersonMax;
  const who = user === '' ? `user number ${uid}` : user;
  const reason: ScriptReason = { signal: 'script-many', user: who, most, script };
  return { ...finding, findings: [...finding.findings, reason] };
}

function said(kept: boolean, text: string): RuleResult {
  if (kept) return { ok: true, text, count: 1 };
  const unwritten = 'done, but the ledger could not be written yet: a stop before that undoes it';
  return { ok: false, text: `${text}\n${unwritten}` };
}

const withNote = (detail: string, note: string): string =>
  note === '' ? detail : `${detail} (${note})`;
