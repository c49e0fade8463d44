/** Whether the guard can work on the queue is not what the user of doctor can. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../config/load.ts';
import { tools } from './mail-server.ts';

const doors = { milter: 'inet:127.0.0.1:9', policy: 'off', http: 'off' };

test('a guard without root and without its helper cannot hold queued mail', async () => {
  const { config } = readConfig(undefined);
  const settings = { ...config.postfix, helper_socket: '/nonexistent/helper.sock' };
  const live = { pid: process.pid, owner: 65_534, doors, token: '' };
  const found = await tools(settings, undefined, { known: undefined, live });
  assert.equal(found.kind, 'warn');
  assert.match(found.found, /^not usable: the guard runs as user id 65534, without a helper at /);
  assert.match(found.fix, /postern install|postsuper -H|postern-root\.socket/);
});
