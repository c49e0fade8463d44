/**
 * Runs one drill: tries each link of the chain on the real thing, in order. What fails does not
 * stop the others, except those that need it. Whatever happens, the guard removes what is left.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/schema.ts';
import { Chain, type Tried } from '../../core/drill/links.ts';
import { allFine, type DrillReport } from '../../core/drill/report.ts';
import { sinkAddress } from '../../flow/drill/drill-mail.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { pingDeadMan } from '../../partners/notices/dead-man.ts';
import { readSecretFile } from '../../partners/secret-file.ts';
import {
  type HandedInMail,
  type MailSubmission,
  openSubmission,
} from '../../partners/smtp/submission.ts';
import { type GuardSide, openGuardSide } from './guard-side.ts';
import { lastDrill } from './last-report.ts';
import { tellByNotices } from './notice-links.ts';
import { connectedFolders, trySink, trySocket } from './postfix-links.ts';

export type DrillRun = {
  readonly config: Config;
  readonly state: string;
  readonly host: string;
};

/** How long a line of the mail log, or the end of a suspension, is waited for. */
const logMs = 6 * secondMs;
const suspensionMs = minuteMs;
/** Dovecot looks at the deny file once a second. */
const loginMs = 10 * secondMs;
const loginEveryMs = 300;
/** As `postern doctor` warns. A log has whole seconds, and may be written late. */
const clocksMs = 5 * secondMs;
const logClockMs = 2 * minuteMs;

type Mail = { readonly passed: HandedInMail; readonly held: HandedInMail; readonly at: number };

export async function runDrill(drill: DrillRun): Promise<DrillReport> {
  const began = Date.now();
  const chain = new Chain();
  const guard = await tryGuard(chain, drill.state);
  const folders = await connectedFolders(drill.state);
  const door = canaryDoor(drill.config);
  if (guard !== undefined) {
    chain.note('helper', await tryHelper(guard));
    chain.note('socket', await trySocket(guard.run, folders));
  }
  chain.note('sink', await trySink(folders));
  const mail =
    guard !== undefined && chain.missing('submission') === undefined
      ? await trySubmission(chain, { door, guard, account: drill.config.drill.account })
      : undefined;
  try {
    if (guard !== undefined) await tryGuarded(chain, { ...drill, guard, door, mail });
  } catch (error) {
    // The guard went away in the middle: links without a result are not reached.
    chain.note('guard', { state: 'failed', saw: `it stopped answering: ${faultText(error)}` });
  }
  await tellByNotices(chain, { ...drill, guard });
  await guard?.[Symbol.asyncDispose]();
  const links = chain.results();
  const fine = allFine(links);
  const ping = await pinged(drill.config.drill.ping_url, fine);
  const at = began as Millis;
  return { at, tookMs: Date.now() - began, host: drill.host, fine, links, ping };
}

/** The report of the drill that runs must not be replaced by one that says so. */
function anotherRuns(): OperatorError {
  return new OperatorError('drill-runs', 'another drill runs', {
    hint: 'one that was ended by force is over after 10 seconds; then try again',
    exit: sysexits.tempFail,
  });
}

/** Throws OperatorError `drill-runs` while another drill runs. */
async function tryGuard(chain: Chain, state: string): Promise<GuardSide | undefined> {
  try {
    const guard = await openGuardSide(state);
    const begun = await guard.begin();
    if (begun.fault === undefined) {
      chain.note('guard', { state: 'fine', saw: `process ${guard.run.pid} has begun the drill` });
      return guard;
    }
    const { token } = await guard.view();
    await guard[Symbol.asyncDispose]();
    if (token !== '') throw anotherRuns();
    chain.note('guard', failed(begun.fault, begun.hint));
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'drill-runs') throw error;
    chain.note('guard', failed(faultText(error), error instanceof OperatorError ? error.hint : ''));
  }
  return undefined;
}

async function tryHelper(guard: GuardSide): Promise<Tried> {
  const { faults, queue } = await guard.traces();
  if (queue === undefined) return failed(faults.join('; '));
  return { state: 'fine', saw: 'it listed the queue' };
}

/** The canary at the submission port. The fault of a password file that cannot be read. */
type CanaryDoor = { readonly fault: string } | { readonly submission: MailSubmission };

function canaryDoor({ drill }: Config): CanaryDoor {
  const [host = '', port = ''] = drill.submission.split(':');
  try {
    const password = readSecretFile(drill.password_file);
    const { account: user, security } = drill;
    return { submission: openSubmission({ host, port: Number(port), security, user, password }) };
  } catch (error) {
    return { fault: faultText(error) };
  }
}

/** Logs in, and sends one message that passes and one that is held. */
async function trySubmission(
  chain: Chain,
  of: {
    readonly door: CanaryDoor;
    readonly guard: GuardSide;
    readonly account: string;
  },
): Promise<Mail | undefined> {
  const { account, door, guard } = of;
  if ('fault' in door) {
    chain.note('submission', failed(door.fault, 'write the password of the canary there'));
    return undefined;
  }
  const refused = await door.submission.login();
  if (refused !== undefined) {
    chain.note('submission', failed(`${refused.stage}: ${refused.text}`));
    return undefined;
  }
  const fine: Tried = { state: 'fine', saw: `login of ${account} accepted` };
  if (!chain.holds('sink')) {
    chain.note('submission', fine);
    return undefined;
  }
  const { token } = await guard.view();
  const send = (kind: 'hold' | 'pass'): Promise<HandedInMail> =>
    door.submission.send({
      from: account,
      to: sinkAddress(kind, token),
      subject: 'DRILL of Postern',
      text: 'This message is part of a drill. Postern removes it when the drill ends.\n',
    });
  const at = Date.now();
  const passed = await send('pass');
  if (passed.fault?.stage === 'recipient') {
    const fix =
      'Postfix must accept this recipient after a login: put permit_sasl_authenticated in front ' +
      'of reject_unknown_recipient_domain';
    chain.note('submission', failed(`recipient refused: ${passed.fault.text}`, fix));
    return undefined;
  }
  chain.note('submission', fine);
  const held = passed.fault === undefined ? await send('hold') : passed;
  return { passed, held, at };
}

type Guarded = DrillRun & {
  readonly guard: GuardSide;
  readonly door: CanaryDoor;
  readonly mail: Mail | undefined;
};

async function tryGuarded(chain: Chain, drill: Guarded): Promise<void> {
  const { guard, mail } = drill;
  if (mail !== undefined) {
    await tryMessage(chain, guard, mail);
    await tryClock(chain, drill, mail.at);
  } else {
    await tryClock(chain, drill, undefined);
  }
  if (mail !== undefined && chain.holds('account')) {
    const early = chain.missing('hold') === undefined ? await tryHold(guard, mail) : undefined;
    await trySuspension(chain, guard, mail);
    await tryLogin(chain, drill);
    // Whatever releases held mail has had some seconds.
    if (early?.state === 'failed') chain.note('hold', early);
    else if (early !== undefined) chain.note('hold', await tryHold(guard, mail));
  }
  const ended = await guard.do('end');
  const { faults, isDenied, queue = [] } = await guard.traces();
  const left = [
    ...(ended.fault === undefined ? [] : [ended.fault]),
    ...queue.map(({ queueId, queue: name }) => `message ${queueId} in queue ${name}`),
    ...(isDenied === true ? ['the canary in the deny file'] : []),
    ...faults,
  ];
  if (left.length > 0) chain.note('left', failed(`left: ${[...new Set(left)].join('; ')}`));
  else chain.note('left', { state: 'fine', saw: 'queue and deny file are as before' });
}

async function tryMessage(chain: Chain, guard: GuardSide, mail: Mail): Promise<void> {
  const { fault, queueId } = mail.passed;
  const of = (id: string): boolean => id === queueId;
  const seen = await guard.until(
    ({ messages }) => messages.some((one) => of(one.queueId)),
    secondMs,
  );
  const message = seen.messages.find((one) => of(one.queueId));
  if (fault !== undefined) {
    chain.note('milter', failed(`Postfix did not take the message: ${fault.text}`));
  } else if (message === undefined) {
    chain.note('milter', failed(`Postfix took ${queueId}, and the guard was not asked`));
  } else {
    chain.note('milter', { state: 'fine', saw: `the guard judged ${queueId}` });
    const { account, by } = message;
    if (by === 'login' && account === seen.account) {
      chain.note('account', { state: 'fine', saw: `${account}, by its login` });
    } else {
      chain.note('account', failed(`it came as ${account} (by ${by}), not by its login`));
    }
  }
  if (fault !== undefined) return;
  const logged = await guard.until((view) => view.logged.some((one) => of(one.queueId)), logMs);
  if (logged.logged.some((one) => of(one.queueId))) {
    chain.note('log', { state: 'fine', saw: `a line about ${queueId} was read` });
  } else {
    const within = `within ${logMs / secondMs} s`;
    chain.note('log', failed(`no line about ${queueId} was read ${within}`));
  }
}

async function tryClock(chain: Chain, drill: Guarded, sentAt: number | undefined): Promise<void> {
  const before = Date.now();
  const view = await drill.guard.view();
  const off = view.now < before ? view.now - before : Math.max(0, view.now - Date.now());
  const last = lastDrill(drill.state);
  const line = view.logged[0];
  if (Math.abs(off) > clocksMs) {
    chain.note('clock', failed(`the guard's clock is ${seconds(off)} off`));
  } else if (last !== undefined && last.at > Date.now() + dayMs) {
    chain.note('clock', failed('the last drill is dated in the future: the clock was set back'));
  } else if (
    sentAt !== undefined &&
    line !== undefined &&
    Math.abs(line.at - sentAt) > logClockMs
  ) {
    chain.note('clock', failed(`the time in the mail log is ${seconds(line.at - sentAt)} off`));
  } else {
    const and = line === undefined ? '' : ' and mail log';
    chain.note('clock', { state: 'fine', saw: `guard${and} agree with this command` });
  }
}

async function tryHold(guard: GuardSide, mail: Mail): Promise<Tried> {
  const { queueId } = mail.held;
  const { faults, queue } = await guard.traces();
  const found = queue?.find((one) => one.queueId === queueId);
  if (found?.queue === 'hold') return { state: 'fine', saw: `${queueId} is on hold` };
  if (mail.held.fault !== undefined) return failed(`not taken: ${mail.held.fault.text}`);
  if (queue === undefined) return failed(faults.join('; '));
  const where = found === undefined ? 'in no queue' : `in queue ${found.queue}`;
  return failed(`${queueId} is ${where}, not on hold`);
}

async function trySuspension(chain: Chain, guard: GuardSide, mail: Mail): Promise<void> {
  if (chain.missing('suspension') !== undefined) return;
  const done = await guard.do('suspend');
  if (done.fault !== undefined) {
    chain.note('suspension', failed(done.fault));
    return;
  }
  const view = await guard.until(({ enforced }) => enforced, suspensionMs);
  if (view.enforced) chain.note('suspension', { state: 'fine', saw: 'its steps were done' });
  else chain.note('suspension', failed(`its steps did not end within ${seconds(suspensionMs)}`));
  const { faults, isDenied, queue } = await guard.traces();
  const { queueId } = mail.passed;
  const found = queue?.find((one) => one.queueId === queueId);
  const why = view.faults.map(({ step, why: text }) => `${step}: ${text}`).join('; ');
  if (found?.queue === 'hold') chain.note('sweep', { state: 'fine', saw: `${queueId} is on hold` });
  else {
    const where = found === undefined ? 'in no queue' : `in queue ${found.queue}`;
    chain.note('sweep', failed(`${queueId} is ${where}${why === '' ? '' : `; ${why}`}`));
  }
  if (isDenied === true) chain.note('deny-file', { state: 'fine', saw: 'it names the canary' });
  else {
    const unset = isDenied === undefined && faults.length === 0;
    const saw = unset ? 'dovecot.deny_file is not set' : why || faults.join('; ');
    chain.note('deny-file', failed(saw || 'the deny file does not name the canary'));
  }
}

async function tryLogin(chain: Chain, { door, guard }: Guarded): Promise<void> {
  if ('fault' in door || chain.missing('login') !== undefined) return;
  const { faults, loginClosed } = await guard.view();
  const refused = await door.submission.login();
  if (refused === undefined) {
    const why = faults.map(({ why: text }) => text).join('; ');
    chain.note('login', failed(`the login was accepted${why === '' ? '' : `; ${why}`}`));
  } else if (refused.stage !== 'refused') {
    chain.note('login', failed(`${refused.stage}: ${refused.text}`));
  } else if (loginClosed) chain.note('login', { state: 'fine', saw: refused.text });
  else chain.note('login', failed(faults.map(({ why }) => why).join('; ') || refused.text));
  if (chain.missing('release') !== undefined) return;
  const released = await guard.do('release');
  const why = await untilAccepted(door.submission);
  if (released.fault !== undefined) chain.note('release', failed(released.fault));
  else if (why !== undefined) chain.note('release', failed(`still refused: ${why}`));
  else chain.note('release', { state: 'fine', saw: 'the login is accepted again' });
}

/** Undefined once the login is accepted; else what the last try was answered. */
async function untilAccepted(door: MailSubmission): Promise<string | undefined> {
  const deadline = Date.now() + loginMs;
  while (true) {
    const refused = await door.login();
    if (refused === undefined) return undefined;
    if (Date.now() >= deadline) return refused.text;
    await wait(loginEveryMs);
  }
}

async function pinged(url: string, fine: boolean): Promise<string> {
  if (url === '') return 'unset';
  if (!fine) return 'not sent, because a link does not hold';
  return (await pingDeadMan(url)) ?? 'sent';
}

function failed(saw: string, fix?: string): Tried {
  return { state: 'failed', saw, ...(fix === undefined || fix === '' ? {} : { fix }) };
}

function seconds(ms: number): string {
  return `${Math.round(ms / secondMs)} s`;
}
