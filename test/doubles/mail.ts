/** Mail of scripts, for tests. */

import type { ScriptMail, ScriptSubmitter } from '../../src/core/script-mail.ts';
import type { ScriptRule } from '../../src/core/scripts/rules.ts';

export const shop = '/var/www/shop/contact.php';

export function submitter(with_: Partial<ScriptSubmitter> = {}): ScriptSubmitter {
  return {
    uid: 1_001,
    user: 'shop',
    pid: 4_711,
    executable: '/usr/bin/php-cgi8.4',
    cwd: '/var/www/shop',
    script: shop,
    scriptOwner: 1_001,
    how: 'cgi',
    proven: 'kernel',
    parents: [],
    ...with_,
  };
}

export function scriptRule(with_: Partial<ScriptRule> = {}): ScriptRule {
  return {
    id: 'r1',
    path: shop,
    uid: undefined,
    recipients: { kind: 'any' },
    from: [],
    rate: undefined,
    effect: 'allow',
    ...with_,
  };
}

export const header = (text: string): ScriptMail['header'] =>
  text
    .replace(/\n[ \t]/g, '\0 ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon), value: line.slice(colon + 1).replaceAll('\0 ', '\n ') };
    });

export function scriptMail(with_: Partial<ScriptMail> = {}): ScriptMail {
  return {
    submitter: submitter(),
    sender: '',
    recipients: ['owner@shop.example'],
    header: header(
      'To: owner@shop.example\nSubject: Contact\nFrom: wwwdata@shop.example\n' +
        'Reply-To: vi@sit.example',
    ),
    bodyStart: Buffer.from('Name: Vi\n\nI like it.\n'),
    ...with_,
  };
}
