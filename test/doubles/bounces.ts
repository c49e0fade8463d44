/** Bounces that are only text, as mail servers write them, and how they are judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBounce } from '../../src/core/bounces/judge-bounce.ts';
import { openReplyClassifier } from '../../src/core/replies/classifier.ts';
import { ourReplyRules } from '../../src/core/replies/rules/all.ts';
import { readBounce } from '../../src/formats/bounces/bounce.ts';

/** From, subject, body, and the expected lines: recipient, cause, codes. */
export type BounceCase = readonly [
  name: string,
  from: string,
  subject: string,
  body: string,
  lines: string,
];

/** The message that did not arrive, as bounces quote it. */
export const original = `Received: from desk.sender.example by mx.sender.example
From: Sue <sue@sender.example>
To: ann@shop.example
Subject: Hello

Hello`;

/** Tests each case with all three ends of lines. */
export function testBounces(cases: readonly BounceCase[]): void {
  const classifier = openReplyClassifier(ourReplyRules);
  for (const [name, from, subject, body, lines] of cases) {
    test(`${name}: ${lines.replaceAll('\n', ' · ')}`, () => {
      const mail = `From: ${from}\nTo: <sue@sender.example>\nSubject: ${subject}\n\n${body}\n`;
      for (const end of ['\n', '\r\n', '\r']) {
        const judged = judgeBounce(readBounce(mail.replaceAll('\n', end)), classifier);
        const told = judged.map(({ cause, code, recipient, status }) =>
          [recipient, cause, code, status].filter((part) => part !== '').join(' '),
        );
        assert.equal(told.join('\n'), lines);
      }
    });
  }
}
