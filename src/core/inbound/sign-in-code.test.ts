import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saysCode } from './sign-in-code.ts';

for (const subject of [
  'Your verification code is 493021',
  '482913 is your Example code',
  'Ihr Bestätigungscode',
  'Votre code de vérification',
  'Tu código de verificación',
  'Код подтверждения: 1234',
  'Your one-time passcode',
]) {
  test(`a code for signing in: ${subject}`, () => assert.equal(saysCode(subject), true));
}
for (const subject of ['', 'Invoice 20261129', 'Source code review', 'Dress code for Friday']) {
  test(`no code for signing in: ${subject}`, () => assert.equal(saysCode(subject), false));
}
