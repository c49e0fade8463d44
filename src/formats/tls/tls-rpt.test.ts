import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTlsReporting, printTlsReporting } from './tls-rpt.ts';

const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['v=TLSRPTv1; rua=mailto:tls@example.org', ['mailto:tls@example.org'], []],
  [
    'v=TLSRPTv1;rua=https://example.org/tls, mailto:a@b.example;',
    ['https://example.org/tls', 'mailto:a@b.example'],
    [],
  ],
  ['v=TLSRPTv1', [], ['rua is missing, so no one gets reports']],
  [
    'v=TLSRPTv1; rua=tls@example.org',
    [],
    ['“tls@example.org” is neither mailto: nor https:', 'rua is missing, so no one gets reports'],
  ],
  ['v=TLSRPTv1; rua=mailto:a@b.example; x y', ['mailto:a@b.example'], ['“x y” is not name=value']],
  [
    'v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@b.example',
    ['mailto:a@b.example'],
    ['rua occurs twice'],
  ],
];
for (const [text, reportsTo, faults] of rows) {
  test(text, () => {
    const read = parseTlsReporting(text);
    assert.deepEqual([read?.reportsTo, read?.faults], [reportsTo, faults]);
    if (read === undefined || faults.length > 0) return;
    assert.deepEqual(parseTlsReporting(printTlsReporting(read)), read);
  });
}

test('other texts are passed over', () => {
  for (const text of ['', 'v=TLSRPTv2; rua=mailto:a@b.example', 'v=spf1 -all', 'x']) {
    assert.equal(parseTlsReporting(text), undefined);
  }
  assert.deepEqual(parseTlsReporting('v=TLSRPTv1; rua=mailto:a@b.example; x=1')?.more, ['x=1']);
});
