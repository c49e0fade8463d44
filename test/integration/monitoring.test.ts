/**
 * The alert rules and the Grafana dashboard: every metric and label in them is one that the guard
 * has, each rule fires when it should and not before, and a real Prometheus that scrapes a real
 * guard evaluates all of them.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { alerts } from '../../scripts/alerts.ts';
import { monitoringFiles } from '../../scripts/reference.ts';
import { metrics } from '../../src/core/metrics/metrics.ts';
import { startGuard } from './guard-instance.ts';
import { eventually, freePort } from './leash.ts';

const home = resolve(import.meta.dirname, '../..');
const rules = join(home, 'packaging/prometheus/postern.rules.yml');
const dashboard = JSON.parse(
  readFileSync(join(home, 'packaging/grafana/postern.json'), 'utf8'),
) as Dashboard;

type Dashboard = {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly description: string;
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
    readonly targets: readonly { readonly refId: string; readonly expr: string }[];
    readonly datasource: { readonly type: string; readonly uid: string };
  }[];
};

const panelExprs = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const shownExprs = [...panelExprs, ...dashboard.annotations.list.map(({ expr }) => expr)];

let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'monitoring-'));
});
after(() => rmSync(dir, { recursive: true, force: true }));

function promtool(...args: readonly string[]): string {
  return execFileSync('promtool', args, { encoding: 'utf8', timeout: 60_000 });
}

test('the files are what the code makes', () => {
  for (const [path, text] of monitoringFiles()) {
    assert.equal(readFileSync(join(home, path), 'utf8'), text, `${path}: run make docs`);
  }
});

test('every metric, label and value in them is one that the guard has', () => {
  const exprs = [...alerts.map(({ expr }) => expr), ...shownExprs];
  assert.ok(exprs.length > 30);
  for (const expr of exprs) {
    for (const [, name = '', matchers = ''] of expr.matchAll(
      /\b((?:postern|process)_\w+)(?:\{([^}]*)\})?/g,
    )) {
      const metric = metrics.find((one) => one.name === name.replace(/_bucket$/, ''));
      assert.ok(metric !== undefined, `${expr}: there is no metric ${name}`);
      for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
        if (label === 'instance' || label === 'job') continue;
        assert.equal(label, metric.label, `${expr}: ${name} has no label ${label}`);
        for (const one of value.split('|')) {
          assert.ok(metric.values?.includes(one), `${expr}: ${label} is never ${one}`);
        }
      }
    }
    for (const [, labels = ''] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
      const known = metrics.flatMap(({ label, secondLabel }) => [label, secondLabel]);
      for (const label of labels.split(', ')) {
        assert.ok(['instance', 'job', 'le', ...known].includes(label), `${expr}: ${label}`);
      }
    }
  }
});

test('each rule says what happened, what to do, and with which command', () => {
  assert.equal(new Set(alerts.map(({ name }) => name)).size, alerts.length);
  for (const { action, name, summary } of alerts) {
    assert.match(name, /^Postern[A-Z][A-Za-z]+$/);
    assert.ok(summary.length > 20 && !summary.endsWith('.'), name);
    assert.match(action, /`[^`]+`|scanner/, name);
  }
  assert.match(promtool('check', 'rules', rules), new RegExp(`${alerts.length} rules found`));
});

type Series = Readonly<Record<string, string>>;
const at = 'instance="mail",job="postern"';
/** What makes each alert fire, and like it what does not; one value a minute. */
const scenes: Readonly<
  Record<string, { readonly bad: Series; readonly fine: Series; minutes: number }>
> = {
  PosternDown: { bad: { up: '0x10' }, fine: { up: '1x10' }, minutes: 5 },
  PosternLedgerFailing: {
    bad: { postern_ledger_ok: '0x10' },
    fine: { postern_ledger_ok: '1x10' },
    minutes: 5,
  },
  PosternTrouble: {
    bad: { postern_troubles: '2x20' },
    fine: { postern_troubles: '0x20' },
    minutes: 10,
  },
  PosternAccountSuspended: {
    bad: { 'postern_suspensions_total,by="guard"': '0x5 1x10' },
    fine: { 'postern_suspensions_total,by="operator"': '0x5 1x10' },
    minutes: 8,
  },
  PosternBrakeOn: {
    bad: { postern_brake_on: '0x5 1x10' },
    fine: { postern_brake_on: '0x30' },
    minutes: 8,
  },
  PosternManySuspended: {
    bad: { 'postern_suspensions_total,by="guard"': '0+1x30' },
    fine: { 'postern_suspensions_total,by="guard"': '0x5 1x30' },
    minutes: 20,
  },
  PosternNoticesUndelivered: {
    bad: { postern_notices_waiting: '1x30' },
    fine: { postern_notices_waiting: '1x10 0x20' },
    minutes: 20,
  },
  PosternMailBypasses: {
    bad: { 'postern_bypassed_total,service="smtpd"': '0+1x30' },
    fine: { 'postern_bypassed_total,service="smtpd"': '5x30' },
    minutes: 20,
  },
  PosternNothingJudged: {
    bad: { 'postern_verdicts_total,verdict="pass"': '7x500', postern_up_seconds: '30000+60x500' },
    fine: { 'postern_verdicts_total,verdict="pass"': '7x500', postern_up_seconds: '0+30x500' },
    minutes: 400,
  },
  PosternScannerDown: {
    bad: { 'postern_scan_up,scanner="rspamd"': '0x20' },
    fine: { 'postern_scan_up,scanner="rspamd"': '1x20' },
    minutes: 15,
  },
  PosternMailLogSilent: {
    bad: {
      postern_mail_log_lines_total: '9x100',
      'postern_verdicts_total,verdict="pass"': '0+1x100',
    },
    fine: {
      postern_mail_log_lines_total: '0+9x100',
      'postern_verdicts_total,verdict="pass"': '0+1x100',
    },
    minutes: 80,
  },
  PosternProviderBlocks: {
    bad: { 'postern_lanes,state="blocked"': '1x20' },
    fine: { 'postern_lanes,state="slowed"': '1x20' },
    minutes: 15,
  },
  PosternHeldGrowing: {
    bad: { postern_held_messages: '100+5x60' },
    fine: { postern_held_messages: '300x60' },
    minutes: 40,
  },
  PosternHeldOld: {
    bad: { postern_held_oldest_seconds: '86401+60x20' },
    fine: { postern_held_oldest_seconds: '3600+60x20' },
    minutes: 15,
  },
  PosternKeyUnusable: {
    bad: { postern_dkim_keys_unusable: '1x20' },
    fine: { postern_dkim_keys_unusable: '0x20' },
    minutes: 10,
  },
  PosternKeyUnpublished: {
    bad: { 'postern_dkim_keys,state="made"': '1x5000' },
    fine: { 'postern_dkim_keys,state="made"': '1x2000 0x3000' },
    minutes: 4_500,
  },
};

function seriesOf(all: Series) {
  return Object.entries(all).map(([key, values]) => {
    const [name, ...labels] = key.split(',');
    return { series: `${name}{${[at, ...labels].join(',')}}`, values };
  });
}

test('each rule fires when it should, and not otherwise', () => {
  assert.deepEqual(Object.keys(scenes).sort(), alerts.map(({ name }) => name).sort());
  const tests = alerts.flatMap(({ action, name, severity, summary }) => {
    const { bad, fine, minutes } = scenes[name] ?? assert.fail(name);
    const labels = Object.fromEntries(
      Object.keys(bad)[0]
        ?.split(',')
        .slice(1)
        .map((one) => one.replaceAll('"', '').split('=')) ?? [],
    ) as Record<string, string>;
    const summed = ['PosternMailBypasses', 'PosternNothingJudged'].includes(name);
    const fired = {
      exp_labels: { severity, instance: 'mail', job: 'postern', ...(summed ? {} : labels) },
      exp_annotations: { summary: `${summary} (mail).`, description: action },
    };
    const ask = (input: Series, expected: readonly object[]) => ({
      interval: '1m',
      input_series: seriesOf({ up: '1x5000', ...input }),
      alert_rule_test: [{ eval_time: `${minutes}m`, alertname: name, exp_alerts: expected }],
    });
    return [ask(bad, [fired]), ask(fine, [])];
  });
  // JSON is YAML.
  const file = join(dir, 'rules-test.json');
  writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests }));
  assert.match(promtool('test', 'rules', file), /SUCCESS/);
});

test('the dashboard is one that Grafana 10 imports: panels, places, source', () => {
  assert.equal(dashboard.uid, 'postern');
  assert.ok(dashboard.schemaVersion >= 38);
  assert.deepEqual(
    dashboard.templating.list.map(({ name }) => name),
    ['datasource', 'instance'],
  );
  const taken = new Set<string>();
  for (const { datasource, description, gridPos, targets, title, type } of dashboard.panels) {
    assert.ok(['stat', 'timeseries'].includes(type), title);
    assert.ok(description.length > 10 && targets.length > 0, title);
    assert.deepEqual(datasource, { type: 'prometheus', uid: '$datasource' });
    assert.ok(gridPos.x + gridPos.w <= 24 && Number.isInteger(gridPos.w), title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x},${y}`), `${title} covers another panel`);
        taken.add(`${x},${y}`);
      }
    }
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
  }
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  assert.ok(dashboard.panels.length >= 12);
});

type Answer = {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
};

test('a real Prometheus scrapes a real guard, and evaluates all rules and panels', async () => {
  await using guard = await startGuard({ config: 'mode = "guard"\n' });
  const port = await freePort();
  copyFileSync(join(guard.state, 'metrics-token'), join(dir, 'token'));
  const { host } = new URL(guard.doors.http);
  const scrape = {
    job_name: 'postern',
    authorization: { credentials_file: join(dir, 'token') },
    static_configs: [{ targets: [host] }],
  };
  const config = {
    global: { scrape_interval: '5s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [scrape],
  };
  writeFileSync(join(dir, 'prometheus.json'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.json')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();
  const query = async (expr: string): Promise<Answer> =>
    (await get(`query?${new URLSearchParams({ query: expr })}`)) as Answer;
  try {
    const generous = { timeoutMs: 60_000 };
    const scraped = async (): Promise<true | undefined> => {
      const answer = await query('postern_up_seconds').catch(() => undefined);
      return (answer?.data.result.length ?? 0) > 0 ? true : undefined;
    };
    await eventually('the guard is scraped', scraped, generous);
    for (const expr of shownExprs) {
      const asked = expr.replaceAll('$instance', host).replaceAll('$__rate_interval', '5m');
      // Gauges and counters with known labels have values from the first scrape on.
      const waits = /rate\(|increase\(|scan_up|topk/.test(asked);
      // A scrape that comes too late makes all values unknown until the next one.
      const answer = await eventually(asked, async () => {
        const got = await query(asked);
        const is = got.status !== 'success' || waits || got.data.result.length > 0;
        return is ? got : undefined;
      });
      assert.equal(answer.status, 'success', `${asked}: ${answer.error}`);
    }
    type Rules = {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    };
    const evaluated = async () => {
      const found = ((await get('rules')) as Rules).data.groups.flatMap((group) => group.rules);
      return found.every(({ health }) => health !== 'unknown') ? found : undefined;
    };
    const told = await eventually('all rules are evaluated', evaluated, generous);
    assert.deepEqual(
      told.map(({ health, lastError, name }) => [name, health, lastError]),
      alerts.map(({ name }) => [name, 'ok', undefined]),
    );
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
});
