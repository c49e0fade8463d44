/** What `--zone` reads of a file, and what it says of one that it cannot use. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { scratchFiles } from '../../../../test/scratch-files.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import { readZoneFile } from './zone-file.ts';

const { file } = scratchFiles('zone-file');

function wrongIn(path: string): OperatorError {
  try {
    readZoneFile(path, { warn() {} });
  } catch (error) {
    assert.ok(error instanceof OperatorError);
    return error;
  }
  throw new assert.AssertionError({ message: 'it was read' });
}

test('no more is read than a zone file may have', () => {
  const path = file('');
  // More than fits into memory as one text.
  truncateSync(path, 3 * 2 ** 30);
  const { message, exit } = wrongIn(path);
  assert.deepEqual([message, exit], [`${path} has more than 16777216 octets`, 65]);
});

test('the hint says what decided the format', () => {
  assert.match(wrongIn(file('example.org\n)\n')).hint ?? '', /its lines do not tell the format$/);
  assert.match(wrongIn(file('a A 192.0.2.1\nb A x\n')).hint ?? '', /most of its lines look like/);
});

test('a small file is read as it is', () => {
  const { records, format } = readZoneFile(file('=a.example:192.0.2.1\n'), { warn() {} });
  assert.deepEqual([format, records[0]?.name], ['tinydns', 'a.example']);
});
