/** Which users hand mail back from a filter, and which programs only look like a filter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from './main-cf.ts';
import { parseMasterCf } from './master-cf.ts';
import { filtersNamed, pipeFilterUsers, tablesIn } from './pipe-filters.ts';

const master = `smtp inet n - y - - smtpd
  -o content_filter=script:dummy
sa unix - n n - - pipe
  flags=Rq user=spamd:spamd argv=/usr/bin/spamc -e
  /usr/sbin/sendmail -oi -f \${sender} \${recipient}
script unix - n n - 10 pipe
  flags=Rq user=filter null_sender= argv=/usr/local/bin/filter -f \${sender} -- \${recipient}
table unix - n n - - pipe user=third argv=/usr/local/bin/third
mailman unix - n n - - pipe
  flags=FRX user=list argv=/usr/lib/mailman/bin/postfix-to-mailman.py \${nexthop} \${user}
dovecot unix - n n - - pipe user=vmail argv=/usr/lib/dovecot/deliver -a \${recipient}
# off unix - n n - - pipe user=off argv=/usr/sbin/sendmail
`;

test('users of filters: by sendmail in argv, by content_filter, by FILTER in a table', () => {
  const users = (named: readonly string[], main = ''): readonly string[] =>
    pipeFilterUsers(parseMainCf(main), parseMasterCf(master), named);
  assert.deepEqual(users([]), ['spamd', 'filter']);
  assert.deepEqual(users(['table:x']), ['spamd', 'filter', 'third']);
  assert.deepEqual(users([], 'content_filter = table:'), ['spamd', 'filter', 'third']);
});

test('FILTER in the text of a table', () => {
  const text = '/^/ FILTER amavis:[127.0.0.1]:10024\n# FILTERED\n/x/ filter scan:dummy\n/y/ OK\n';
  assert.deepEqual(filtersNamed(text), ['amavis:[127.0.0.1]:10024', 'scan:dummy']);
});

test('tables in restrictions', () => {
  const value =
    'permit_mynetworks, check_sender_access regexp:/etc/postfix/a, check_policy_service ' +
    'unix:private/x check_policy_service inet:127.0.0.1:1 check_client_access proxy:hash:/b';
  assert.deepEqual(tablesIn(value), ['regexp:/etc/postfix/a', 'proxy:hash:/b']);
  assert.deepEqual(tablesIn('inline:{{a=FILTER x:}}'), ['inline:{{a=FILTER x:}}']);
});
