/** Another instance of Postfix that nobody connected is not passed over. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { instance } from './instances.ts';

const doors = { milter: 'inet:127.0.0.1:9', policy: 'off', http: 'off' };
const live = { pid: process.pid, owner: 0, doors, token: '' };

test('an instance that is switched on and not connected is found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-instance-'));
  try {
    const main = (...lines: readonly string[]): Promise<void> =>
      writeFile(join(folder, 'main.cf'), `${lines.join('\n')}\n`);
    const services = 'smtp inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n';
    await writeFile(join(folder, 'master.cf'), services);
    await main('multi_instance_enable = no');
    assert.equal(await instance(live, folder), undefined);
    await main('multi_instance_enable = yes');
    const open = await instance(live, folder);
    assert.equal(open?.kind, 'warn');
    assert.match(open.found, /^not connected, so the guard does not see its mail: /);
    assert.equal(open.fix, `postern connect postfix --config-dir ${folder}`);
    const milters = ['smtpd_milters', 'non_smtpd_milters'].map((one) => `${one} = ${doors.milter}`);
    await main('multi_instance_enable = yes', ...milters);
    assert.equal((await instance(live, folder))?.kind, 'ok');
  } finally {
    await rm(folder, { recursive: true });
  }
});
