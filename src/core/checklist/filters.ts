/** Checks that mail that a filter returns is judged once. Pure. */

import { type Finding, fine } from '../finding.ts';
import { isWebUser } from '../scripts/web-users.ts';

export type FilterFacts = {
  /** Users whose mail by sendmail comes back from a filter. */
  readonly users: readonly string[];
  readonly webUsers: readonly string[];
  /** Tables that may name a filter and cannot be listed. */
  readonly unread: readonly string[];
};

export function checkFilters({ unread, users, webUsers }: FilterFacts): readonly Finding[] {
  const id = 'postfix.filters';
  const title = 'Filters that hand mail back by sendmail';
  const findings: Finding[] = [];
  const web = users.filter((user) => isWebUser(user, webUsers));
  if (web.length > 0) {
    findings.push({
      id,
      kind: 'fail',
      title,
      found: `run as ${web.join(', ')}, a user of websites, so their mail is judged again`,
      wanted: 'a filter with a user of its own',
      fix: 'make a user for the filter, and set user= of its pipe service in master.cf',
    });
  } else {
    const found = users.length === 0 ? 'none' : `mail of ${users.join(', ')} is not judged again`;
    findings.push(fine(id, title, found));
  }
  if (unread.length === 0) return findings;
  return [
    ...findings,
    {
      id: 'postfix.filter-tables',
      kind: 'unknown',
      title: 'Tables that may name a filter (FILTER)',
      found: `not read: ${unread.join(', ')}`,
      wanted: 'tables that postmap can list, or files of patterns',
      fix: 'postern doctor --test-message shows whether mail is judged once',
    },
  ];
}
