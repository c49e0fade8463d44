import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correctedDmarc } from './slips.ts';

const head = 'v=DMARC1; p=none';
const rows: readonly (readonly [string, string])[] = [
  [`${head}; adkim=strict`, `${head}; adkim=s`],
  [`${head}; aspf=Relaxed; adkim=S`, `${head}; aspf=r; adkim=s`],
  ['v=DMARC1; p=rejected; sp=quaratine', 'v=DMARC1; p=reject; sp=quarantine'],
  ['v=DMARC1; p=block', 'v=DMARC1; p=block'],
  ['v=DMARC1; policy=reject.', 'v=DMARC1; p=reject'],
  ['v=DMARC1; p:reject', 'v=DMARC1; p=reject'],
  ['v=DMARC1, p=reject, sp=none', 'v=DMARC1; p=reject; sp=none'],
  ['v=DMARC1 p=reject rua=mailto:a@b.org', 'v=DMARC1; p=reject; rua=mailto:a@b.org'],
  ['v=DMARC1\\; p="reject"', 'v=DMARC1; p=reject'],
  [`${head}; pct=50 %`, `${head}; pct=50`],
  [`${head}; fo=1,d, s`, `${head}; fo=1:d:s`],
  [`${head}; t=yes; psd=false`, `${head}; t=y; psd=n`],
  [`${head}; rua=mailto: a@b.org`, `${head}; rua=mailto:a@b.org`],
  [`${head}; rua=mailto=a@b.org`, `${head}; rua=mailto:a@b.org`],
  [`${head}; rua=mailto://a@b.org`, `${head}; rua=mailto:a@b.org`],
  [`${head}; rua=mailto:a@b.org; mailto:c@d.org`, `${head}; rua=mailto:a@b.org,mailto:c@d.org`],
  [`${head}; rua=<a@b.org> c@d.org`, `${head}; rua=a@b.org,c@d.org`],
  [`${head}; rau=mailto:a@b.org!10m`, `${head}; rua=mailto:a@b.org!10m`],
  [`${head}; x=strict, y`, `${head}; x=strict, y`],
  [`${head}; junk`, `${head}; junk`],
  [`${head}; sp=constructor; t=valueof`, `${head}; sp=constructor; t=valueof`],
];
for (const [text, wanted] of rows) {
  test(text, () => {
    assert.equal(correctedDmarc(text), wanted);
    assert.equal(correctedDmarc(wanted), wanted);
  });
}
