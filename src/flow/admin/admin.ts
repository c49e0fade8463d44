/**
 * What the operator sees and does on the status page and the command line. It reads through the
 * journal, so that no decision is seen late; the audit trail keeps every action and who did it.
 */
import { decodeProfile } from '../../core/account/profile.ts';
import { heldDelivered, nothingNew } from '../../core/account/record.ts';
import type { Account, DefaultDomain } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import type { BrakeView } from '../../core/brake/view.ts';
import { withShownReasons } from '../../core/explain.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { shownUnsigned } from '../../core/unsigned-text.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { BrakeAdmin } from '../../ports/acting/brake.ts';
import type { AccountView, Admin, KeyAdmin, StatusView, StoryView } from '../../ports/admin.ts';
import type { Asking } from '../../ports/asking.ts';
import type { AuthorAdmin } from '../../ports/authors.ts';
import type { ChecklistAdmin } from '../../ports/checklist/checklist.ts';
import type { DrillAdmin } from '../../ports/drill/drill.ts';
import type { FateStore } from '../../ports/fate.ts';
import type { AccountImports } from '../../ports/imports/imports.ts';
import type { InboundAdmin } from '../../ports/inbound/inbound.ts';
import type { LaneViews } from '../../ports/lanes.ts';
import type { HeldRow, StoryRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { AccountMailings } from '../../ports/mailings/mailings.ts';
import type { ScriptAdmin } from '../../ports/scripts.ts';
import type { AskStats } from '../../ports/stats.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Exemptions } from '../account/exemptions.ts';
import type { Feed } from '../account/verdict-feed.ts';
import type { BypassMeter } from '../bypass/bypass-meter.ts';
import { asItWas } from '../fate/as-it-was.ts';
import { openAsking } from '../fate/asking.ts';
import type { IncidentSources } from '../fate/found-view.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import { sendTestNotice } from '../notices/test-notice.ts';
import type { WeakPasswords } from '../passwords/passwords-audited.ts';
import type { Settings } from '../settings.ts';
import type { Probation } from '../signing/probation.ts';
import type { Suspensions } from '../suspension/account-suspended.ts';
import { incidentNow } from '../suspension/incident-now.ts';
import type { ModeNotes } from '../suspension/mode-noted.ts';
import { accountView, ownKeysText } from './account-view.ts';
import { enforcingView, keptEnforcing } from './enforcing.ts';
import { heldGroups, moveHeld, stillWaiting } from './held-mail.ts';
import { lookup } from './lookup.ts';
import { namedAccount } from './named-account.ts';
import { type ForgetDeps, forgetPerson } from './person-forgotten.ts';
import { detailed, writtenResult } from './result.ts';
import { type TryUndoneDeps, undoTries } from './try-undone.ts';

export type AdminDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly exemptions: Exemptions;
  readonly weakPasswords: WeakPasswords;
  readonly suspensions: Suspensions;
  readonly notices: Notices;
  readonly feed: Feed;
  readonly mta: Mta | undefined;
  readonly world: World;
  readonly facts: Pick<StatusView, 'version' | 'host' | 'own' | 'startedAt'> & {
    readonly ledgerPath: string;
    readonly defaultDomain: DefaultDomain;
  };
  readonly settings: Settings;
  readonly doors: () => Readonly<Record<string, string>>;
  readonly troubles: Pick<Troubles, 'all'>;
  readonly bypass: Pick<BypassMeter, 'view'>;
  readonly returns: { view(): StatusView['returns'] };
  readonly foreign: { latest(limit: number): StatusView['foreign'] };
  readonly lanes: LaneViews;
  readonly logShapes: () => StatusView['logShapes'];
  readonly ledger: ForgetDeps['ledger'] & TryUndoneDeps['ledger'];
  readonly remembering: ForgetDeps['remembering'];
  readonly dkim: KeyAdmin;
  readonly probation: Pick<Probation, 'text'>;
  /** Undefined: nobody notes who writes to people here. */
  readonly correspondents?: { writersTo(account: Account): number | undefined };
  readonly scripts: ScriptAdmin;
  readonly brake: BrakeAdmin;
  readonly drill?: DrillAdmin | undefined;
  readonly modeNotes: Pick<ModeNotes, 'wanted'>;
  readonly mailings: AccountMailings;
  readonly imports: AccountImports;
  readonly inbound: InboundAdmin;
  readonly authors: AuthorAdmin;
  readonly checklist: ChecklistAdmin;
  readonly fates: ForgetDeps['fates'] & Pick<FateStore, 'find'>;
  readonly stats: AskStats;
  readonly incidents: IncidentSources;
  readonly iso: (at: Millis) => string;
};

/** Rows of one kind shown with an account. */
const shownMax = 50;
/** Accounts counted by state. Larger counts are shown as this number. */
const countMax = 100_000;
const heldMax = 50_000;
/** Pairs of account and author that the status names. */
const foreignMax = 10;
/** Pairs that are looked at for these: all that are kept (flow/authors/foreign-mail.ts). */
const foreignLookedAtMax = 500;
/** And for how long after its last message. */
const foreignShownMs = 14 * dayMs;
/** Accounts that the status names with what is held of them. */
const heldMostMax = 5;

export function openAdmin(deps: AdminDeps): Admin {
  const { exemptions, feed, journal, suspensions } = deps;
  const live = journal.live;
  const asking = askingOf(deps);
  return {
    status: () => status(deps),
    enforcing: keptEnforcing(
      () => enforcingView(live, deps.settings.mode, deps.world.clock.now(), deps.settings),
      { setting: () => deps.settings, now: deps.world.clock.now },
    ),
    accounts: (filter) => accountList(deps, filter),
    account(text) {
      const account = named(deps, text);
      const profile = deps.accounts.known(account);
      if (profile === undefined) return undefined;
      return {
        account: accountView(deps, account, profile),
        incidents: live
          .incidents({ account, limit: shownMax })
          .map((incident) => withShownReasons(asItWas(incidentNow(incident, profile), live))),
        stories: live.stories({ account, limit: shownMax }).map(withShownReasons),
        audit: live.audit({ account, limit: shownMax }),
      };
    },
    suspend: (text, by, note, hijacked = false) =>
      suspensions.byHand(named(deps, text), { by, note, hijacked }),
    release: (text, how) => suspensions.release(named(deps, text), how),
    allow: (...exempt) => allow(deps, ...exempt),
    exemptions: () => exemptions.all(deps.world.clock.now()),
    ...heldAdmin(deps),
    lookup: (text, limit) =>
      lookup({ ...deps, asking, live, named: (typed) => named(deps, typed) }, text, limit),
    explain: (id) => explained(deps, id),
    forget: (address, how) => forgetPerson(deps, address, how),
    audit: (filter) => live.audit(filter),
    recent: (limit) => feed.recent(limit),
    minutes: () => feed.minutes(deps.world.clock.now()),
    watch: (listener) => feed.watch(listener),
    undoTries: (by) => undoTries(deps, by),
    testNotice: () => sendTestNotice({ ...deps, host: deps.facts.host }),
    ...othersOf(deps),
    modeWanted: (mode, by) => deps.modeNotes.wanted(mode, by),
    asking,
    passwords: () => ({ weak: deps.weakPasswords.all(), last: deps.weakPasswords.last() }),
    notePasswords: (report, by) => deps.weakPasswords.note(report, by),
  };
}

type HeldAdmin = Pick<Admin, 'held' | 'heldGroups' | 'heldOne' | 'releaseHeld' | 'dropHeld'>;

function heldAdmin(deps: AdminDeps): HeldAdmin {
  const { live } = deps.journal;
  return {
    held: ({ account, limit, offset = 0, ...filter }) =>
      live
        .held({
          ...filter,
          ...(account === undefined ? {} : { account: named(deps, account) }),
          limit: limit + offset,
        })
        .slice(offset),
    heldGroups: (filter) => heldGroups(live, filter),
    heldOne(queueId) {
      const held = live.heldOne(queueId);
      return held === undefined ? undefined : { held, story: shownStory(live.story(queueId)) };
    },
    releaseHeld: async (which, by) => {
      const rows = heldRows(deps, which);
      const done = await moveHeld(deps, rows, by, 'released');
      if (!done.ok) return done;
      if ('account' in which) {
        const account = named(deps, which.account);
        const profile = deps.accounts.known(account);
        if (profile !== undefined) {
          heldDelivered(profile);
          deps.accounts.changed(account, profile, nothingNew);
        }
      }
      return { ...done, text: `${done.text}${stillWaiting(deps, rows)}` };
    },
    dropHeld: (which, by) => moveHeld(deps, heldRows(deps, which), by, 'dropped'),
  };
}

function explained(deps: AdminDeps, id: string): ReturnType<Admin['explain']> {
  const { live } = deps.journal;
  const story = shownStory(live.story(id));
  const message = live.message(id);
  if (story === undefined && message === undefined) return undefined;
  const account = story?.account ?? message?.account;
  const hasKeys = (): boolean => live.dkimKeys().length > 0;
  const isDeclared: AuthorAdmin['isDeclared'] = (...pair) => deps.authors.isDeclared(...pair);
  return {
    story,
    message,
    ...shownUnsigned(message, { hasKeys, isDeclared }),
    ...ownKeys(deps, account),
  };
}

async function allow(
  deps: AdminDeps,
  ...[text, until, by, note]: Parameters<Admin['allow']>
): ReturnType<Admin['allow']> {
  const isKnown = deps.accounts.known(named(deps, text)) !== undefined;
  const account = isKnown ? named(deps, text) : accountOf(text, deps.facts.defaultDomain);
  const at = deps.world.clock.now();
  const detail = until <= at ? 'exemption ended' : `exempt until ${deps.iso(until)}`;
  const kept = await deps.journal.committed([
    deps.exemptions.set({ account, until, by, note, at }),
    { kind: 'audit', row: { at, by, action: 'allow', account, detail: detailed(detail, note) } },
  ]);
  const suspended = deps.accounts.known(account)?.state === 'suspended';
  const more = suspended ? `; it is still suspended: ${releaseCommands(account).falseAlarm}` : '';
  return writtenResult(kept, `${account}: ${detail}${more}`, 1);
}

function askingOf(deps: AdminDeps): Asking {
  const standing = { yes: 'read', unread: 'unread', off: 'off' } as const;
  return openAsking({
    fates: deps.fates,
    live: deps.journal.live,
    log: () => standing[deps.bypass.view().watched],
    named: (text) => named(deps, text),
    now: deps.world.clock.now,
    weakPassword: (account) => deps.weakPasswords.why(account),
    asOfNow(incident) {
      const profile = deps.accounts.known(incident.account);
      return incidentNow(incident, profile);
    },
    incidents: deps.incidents,
  });
}

function named({ accounts, facts }: AdminDeps, text: string): Account {
  return namedAccount({ accounts, defaultDomain: facts.defaultDomain }, text);
}

function status(deps: AdminDeps): StatusView {
  const { facts, feed, journal } = deps;
  const { clock } = deps.world;
  const { live } = journal;
  const { state, why } = journal.state();
  const brake = deps.brake.view();
  const suspended = live.accounts({ state: 'suspended', limit: countMax }).length;
  const observed = live
    .incidents({ open: true, limit: countMax })
    .filter((incident) => incident.observed).length;
  return {
    version: facts.version,
    mode: deps.settings.mode,
    enforce: deps.settings.mode === 'observe' ? deps.settings.enforce : [],
    own: facts.own,
    host: facts.host,
    startedAt: facts.startedAt,
    now: clock.now(),
    ledger: { state, why, path: facts.ledgerPath },
    doors: deps.doors(),
    troubles: [...deps.troubles.all(), ...brakeTrouble(brake)],
    brake: { on: brake.on, startedAt: brake.startedAt, text: brake.text },
    notices: deps.notices.proofs(),
    bypass: deps.bypass.view(),
    returns: deps.returns.view(),
    providers: deps.lanes.bad(),
    logShapes: deps.logShapes(),
    accounts: {
      known: live.countAccounts(),
      watched: live.accounts({ state: 'watched', limit: countMax }).length,
      suspended: Math.max(0, suspended - observed),
      wouldBeSuspended: observed,
      exempt: deps.exemptions.all(clock.now()).length,
    },
    foreign: openForeign(deps),
    authors: deps.authors.observation(),
    inbound: deps.inbound.status(),
    held: live.countHeld(),
    heldMax: deps.accounts.context.policy.heldMax,
    heldMost: live.heldMost(heldMostMax),
    verdicts: feed.verdicts,
    observedVerdicts: feed.observedVerdicts,
  };
}

/** That the brake is on is a trouble: Postern itself may be wrong. */
function brakeTrouble({ on, text, why }: BrakeView): readonly string[] {
  return on ? [`${[text.replace(/\.$/, ''), ...why.slice(0, 2)].join('; ')} (postern brake)`] : [];
}

/** What other flows answer. */
function othersOf({
  authors,
  brake,
  checklist,
  dkim,
  drill,
  imports,
  inbound,
  lanes,
  mailings,
  scripts,
  stats,
}: AdminDeps): Pick<
  Admin,
  | 'authors'
  | 'brake'
  | 'checklist'
  | 'dkim'
  | 'drill'
  | 'imports'
  | 'inbound'
  | 'lanes'
  | 'mailings'
  | 'scripts'
  | 'stats'
> {
  return {
    authors,
    brake,
    checklist,
    dkim,
    drill,
    imports: imports.admin,
    inbound,
    lanes,
    mailings: mailings.admin,
    scripts,
    stats,
  };
}

/** What an operator may still have to allow: seen lately, and not declared since. */
function openForeign({ authors, foreign, world }: AdminDeps): StatusView['foreign'] {
  const since = world.clock.now() - foreignShownMs;
  return foreign
    .latest(foreignLookedAtMax)
    .filter(({ account, address, lastAt }) => {
      return lastAt >= since && !authors.isDeclared(account, address);
    })
    .slice(0, foreignMax);
}

function accountList(
  deps: AdminDeps,
  filter: Parameters<Admin['accounts']>[0],
): readonly AccountView[] {
  return deps.journal.live.accounts(filter).map(({ account, profile }) =>
    // Without its book: listing must not load thousands of them.
    accountView(deps, account, decodeProfile(profile)),
  );
}

function ownKeys(
  deps: AdminDeps,
  account: Account | undefined,
): { readonly probation: string } | undefined {
  const profile = account === undefined ? undefined : deps.accounts.known(account);
  if (account === undefined || profile === undefined) return undefined;
  const probation = ownKeysText(deps, account, profile);
  return probation === '' ? undefined : { probation };
}

function shownStory(story: StoryRow | undefined): StoryView | undefined {
  return story === undefined ? undefined : withShownReasons(story);
}

function heldRows(
  deps: AdminDeps,
  which: { readonly ids: readonly string[] } | { readonly account: string },
): readonly HeldRow[] {
  const { live } = deps.journal;
  if ('account' in which) {
    return live.held({ account: named(deps, which.account), state: 'held', limit: heldMax });
  }
  return which.ids
    .map((id) => live.heldOne(id))
    .filter((row): row is HeldRow => row?.state === 'held');
}
