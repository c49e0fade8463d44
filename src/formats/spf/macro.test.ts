import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandMacros, type MacroValues, parseMacros } from './macro.ts';

/** The sender of RFC 7208 section 7.4. */
const values: MacroValues = {
  s: 'strong-bad@email.example.com',
  l: 'strong-bad',
  o: 'email.example.com',
  d: 'email.example.com',
  i: '192.0.2.3',
  p: 'mx.example.org',
  v: 'in-addr',
  h: "jupiter's (mail)*!",
  c: '192.0.2.3',
  r: 'mx.receiver.example',
  t: '1764043200',
};
const expanded = (text: string): string => {
  const read = parseMacros(text, 'explanation');
  return read.ok ? expandMacros(read.value, values) : `? ${read.error}`;
};

const cases = [
  ['%{s}', 'strong-bad@email.example.com'],
  ['%{o}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d127}', 'email.example.com'],
  ['%{d99999999999999999999}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2r}', 'example.email'],
  ['%{D2R}', 'example.email'],
  ['%{l-}', 'strong.bad'],
  ['%{lr}', 'strong-bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{s@}', '? %{s@} is not a macro'],
  ['%{S}', 'strong-bad%40email.example.com'],
  ['%{H}', 'jupiter%27s%20%28mail%29%2A%21'],
  ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
  ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
  ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
  ['%{p2}.trusted-domains.example.net', 'example.org.trusted-domains.example.net'],
  ['%{c} at %{t} by %{r}', '192.0.2.3 at 1764043200 by mx.receiver.example'],
  ['%%%_%-', '% %20'],
  ['%%{d}', '%{d}'],
  ['no macro', 'no macro'],
  ['', ''],
] as const;
for (const [text, want] of cases) {
  test(`macro: ${text === '' ? 'nothing' : text}`, () => assert.equal(expanded(text), want));
}

test('no text breaks it, and a text without % is itself', () => {
  const piece = fc.oneof(fc.constantFrom('%{', '}', '%', 'd', 'r', '2', '-', 'L'), fc.string());
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const read = parseMacros(text, 'domain');
      if (!text.includes('%'))
        assert.deepEqual(read, { ok: true, value: text === '' ? [] : [text] });
      if (read.ok) assert.equal(typeof expandMacros(read.value, values), 'string');
    }),
  );
});
