/**
 * Serves `Admin` as JSON to the status page and the command line. Each route is one method of
 * `Admin`.
 *
 *   GET  /api/overview                   everything on the status page (overview.ts)
 *   GET  /api/status
 *   GET  /api/enforcing                  what mode guard would have changed in the last days
 *   GET  /api/accounts?state&like&limit
 *   GET  /api/accounts/NAME              with `facts`: addresses, subjects, recipients, last login
 *   POST /api/accounts/NAME/suspend      { note?, hijacked?, by? }
 *   POST /api/accounts/NAME/release      { hijacked: true } or { falseAlarm: true }, note?, by?
 *   POST /api/accounts/NAME/allow        { until, note?, by? }    until: milliseconds or RFC 3339
 *   GET  /api/exemptions                 exemptions in force
 *   …    /api/mailings, /api/imports     announced mailings, imported contacts (people-routes.ts)
 *   GET  /api/held?account&state&limit&offset
 *   GET  /api/held-groups?like&limit     { groups, count }: held mail by account
 *   GET  /api/held/QUEUE-ID
 *   POST /api/held/release               { ids } or { account }, by?
 *   POST /api/held/drop                  { ids } or { account }, by?
 *   GET  /api/lookup?q&limit             accounts and messages that the text names
 *   GET  /api/find, /api/explain/ID, /api/incidents
 *                                        what became of messages (find-routes.ts)
 *   POST /api/forget                     { address, dryRun?, by? }
 *   GET  /api/recent?limit
 *   GET  /api/minutes
 *   GET  /api/audit?account&limit
 *   GET  /api/stats?by&since&until&order&limit
 *                                        since, until: days since 1970, UTC; at most a minute old
 *   GET  /api/live                       server-sent events: `feed` { items, skipped }, `status`;
 *                                        not on the command socket
 *   POST /api/mode                       { mode, by? }   who is about to change the setting
 *   POST /api/test-notice
 *   …    /api/drill                      live fire (drill-routes.ts)
 *   POST /api/undo-tries                 { by? }
 *   GET  /api/dkim                       { folder, keys }
 *   POST /api/dkim/new                   { domain, algorithms?, selector?, bits?, by? }
 *   POST /api/dkim/rotate                { domain, by? }
 *   POST /api/dkim/retire                { domain, selector, compromised?, by? }
 *   POST /api/dkim/use                   { domain, selector, note, by? }
 *   POST /api/dkim/adopt                 { keys: [{ domain, selector }], note?, by? }
 *                                        takes over keys whose files are in the folder already
 *   GET, POST /api/passwords             results of an audit (password-routes.ts)
 *   GET  /api/providers, /api/providers/ID, /api/lane-changes
 *                                        how providers treat our mail (provider-routes.ts)
 *   …    /api/scripts                    the register of scripts (script-routes.ts)
 *   …    /api/authors                    addresses in From (author-routes.ts)
 *   …    /api/inbound                    mail that comes in (inbound-routes.ts)
 *   …    /api/checklist                  the checklist as found last (checklist-routes.ts)
 *
 * A request needs `Authorization: Bearer TOKEN` or the session cookie. A POST with the cookie also
 * needs the page's own Origin and `X-CSRF-Token`. Refusals look like a failed `AdminResult`:
 * { ok: false, text, hint? }. Status: 400 not understood, 401 not signed in, 403 not sent by the
 * status page, 404 no such thing, 409 Postern could not do it, 413 body too large, 429 too many
 * wrong tokens, 503 the ledger or the statistics fail, or too many pages follow the feed.
 */
import { Hono } from 'hono';
import type { Admin, KeyAdmin } from '../../../ports/admin.ts';
import { authorRoutes } from './author-routes.ts';
import { brakeRoutes } from './brake-routes.ts';
import { checklistRoutes } from './checklist-routes.ts';
import { drillRoutes } from './drill-routes.ts';
import { findRoutes } from './find-routes.ts';
import { inboundRoutes } from './inbound-routes.ts';
import { overview } from './overview.ts';
import { passwordRoutes } from './password-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import { providerRoutes } from './provider-routes.ts';
import { actor, body, done, type HttpEnv, named, orNotFound, query } from './request.ts';
import {
  accountsQuery,
  adoptBody,
  allowBody,
  auditQuery,
  byBody,
  domainBody,
  forgetBody,
  heldGroupsQuery,
  heldQuery,
  limitQuery,
  lookupQuery,
  modeBody,
  newKeysBody,
  releaseBody,
  retireBody,
  statsQuery,
  suspendBody,
  useBody,
  whichBody,
} from './requests.ts';
import { scriptRoutes } from './script-routes.ts';

/** The routes below /api that both servers have. The caller was checked before (sign-in.ts). */
export function apiRoutes(admin: Admin): Hono<HttpEnv> {
  const api = new Hono<HttpEnv>();
  api.get('/overview', (c) => c.json(overview(admin)));
  api.get('/status', (c) => c.json(admin.status()));
  api.get('/enforcing', (c) => c.json(admin.enforcing()));
  api.get('/recent', (c) => c.json(admin.recent(query(c, limitQuery).limit)));
  api.get('/minutes', (c) => c.json(admin.minutes()));
  api.get('/stats', async (c) => c.json(await admin.stats(query(c, statsQuery))));
  api.get('/audit', (c) => c.json(admin.audit(query(c, auditQuery))));
  api.post('/forget', async (c) => {
    const { address, by, dryRun } = await body(c, forgetBody);
    return done(c, await admin.forget(address, { by: actor(c, by), dryRun }));
  });
  api.post('/undo-tries', async (c) => {
    const { by } = await body(c, byBody);
    return done(c, await admin.undoTries(actor(c, by)));
  });
  api.post('/mode', async (c) => {
    const { by, mode } = await body(c, modeBody);
    return done(c, admin.modeWanted(mode, actor(c, by)));
  });
  api.post('/test-notice', async (c) => done(c, await admin.testNotice()));
  api.get('/lookup', async (c) => {
    const { limit, q } = query(c, lookupQuery);
    return c.json(await admin.lookup(q, limit));
  });
  brakeRoutes(api, admin.brake);
  drillRoutes(api, admin);
  findRoutes(api, admin);
  accountRoutes(api, admin);
  peopleRoutes(api, admin);
  heldRoutes(api, admin);
  dkimRoutes(api, admin.dkim);
  passwordRoutes(api, admin);
  providerRoutes(api, admin.lanes);
  scriptRoutes(api, admin.scripts);
  authorRoutes(api, admin.authors);
  inboundRoutes(api, admin.inbound);
  checklistRoutes(api, admin.checklist);
  return api;
}

function accountRoutes(api: Hono<HttpEnv>, admin: Admin): void {
  api.get('/exemptions', (c) => c.json(admin.exemptions()));
  api.get('/accounts', (c) => c.json(admin.accounts(query(c, accountsQuery))));
  api.get('/accounts/:name', async (c) => {
    const name = named(c, 'name');
    const found = orNotFound(admin.account(name), 'account');
    return c.json({ ...found, facts: await admin.asking.accountFacts(name) });
  });
  api.post('/accounts/:name/suspend', async (c) => {
    const { by, hijacked, note } = await body(c, suspendBody);
    return done(c, await admin.suspend(named(c, 'name'), actor(c, by), note, hijacked));
  });
  api.post('/accounts/:name/release', async (c) => {
    const { by, ...how } = await body(c, releaseBody);
    return done(c, await admin.release(named(c, 'name'), { ...how, by: actor(c, by) }));
  });
  api.post('/accounts/:name/allow', async (c) => {
    const { until, note, by } = await body(c, allowBody);
    return done(c, await admin.allow(named(c, 'name'), until, actor(c, by), note));
  });
}

function heldRoutes(api: Hono<HttpEnv>, admin: Admin): void {
  api.get('/held', async (c) => {
    return c.json(await admin.asking.heldViews(admin.held(query(c, heldQuery))));
  });
  api.get('/held-groups', (c) => c.json(admin.heldGroups(query(c, heldGroupsQuery))));
  api.get('/held/:id', async (c) => {
    const found = orNotFound(admin.heldOne(named(c, 'id')), 'held message');
    const [held = found.held] = await admin.asking.heldViews([found.held]);
    return c.json({ ...found, held });
  });
  api.post('/held/release', async (c) => {
    const { which, by } = await body(c, whichBody);
    return done(c, await admin.releaseHeld(which, actor(c, by)));
  });
  api.post('/held/drop', async (c) => {
    const { which, by } = await body(c, whichBody);
    return done(c, await admin.dropHeld(which, actor(c, by)));
  });
}

function dkimRoutes(api: Hono<HttpEnv>, admin: KeyAdmin): void {
  api.get('/dkim', (c) => c.json({ folder: admin.folder, keys: admin.list() }));
  api.post('/dkim/new', async (c) => {
    const { by, ...wanted } = await body(c, newKeysBody);
    return done(c, await admin.make(wanted, actor(c, by)));
  });
  api.post('/dkim/rotate', async (c) => {
    const { by, domain } = await body(c, domainBody);
    return done(c, await admin.rotate(domain, actor(c, by)));
  });
  api.post('/dkim/retire', async (c) => {
    const { by, domain, selector, compromised } = await body(c, retireBody);
    return done(c, await admin.retire({ domain, selector }, { compromised }, actor(c, by)));
  });
  api.post('/dkim/use', async (c) => {
    const { by, domain, selector, note } = await body(c, useBody);
    return done(c, await admin.use({ domain, selector }, note, actor(c, by)));
  });
  api.post('/dkim/adopt', async (c) => {
    const { by, keys, note } = await body(c, adoptBody);
    return done(c, await admin.adopt(keys, note, actor(c, by)));
  });
}
