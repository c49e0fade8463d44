import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timed } from '../../../test/processor-time.ts';
import type { ClassifiedReply } from './classified.ts';
import { openReplyClassifier } from './classifier.ts';
import { replyMax } from './frame.ts';
import { type ReplyRule, rulesOf } from './rule.ts';
import { allReplyRules } from './rules/all.ts';

const classifier = openReplyClassifier(allReplyRules([]));
const gmail = 'gmail-smtp-in.l.google.com';

function said(host: string, text: string, step = 'RCPT TO'): ClassifiedReply {
  const reply = `host ${host}[203.0.113.7] said: ${text} (in reply to ${step} command)`;
  return classifier.classify({ reply, mxHost: host, status: 'bounced' });
}

function logged(reply: string, mxHost = ''): ClassifiedReply {
  return classifier.classify({ reply, mxHost, status: 'deferred' });
}

test('the host that answered names the provider, not the words of the reply', () => {
  const quoted =
    'Recipient address rejected: undeliverable address: host x.mail.protection.outlook';
  const cases: readonly (readonly [string, string, string])[] = [
    ['alt3.aspmx.l.google.com', '550 5.1.1 No such user', 'google'],
    [
      'mx.shop.example',
      `550 5.1.1 <a@shop.example>: ${quoted}.com[203.0.113.8] said: 550`,
      'other',
    ],
    ['mx1.improvmx.com', '550 the very low reputation of the sending domain', 'improvmx'],
    ['eu-1.mx.example', '550-5.7.1 likely unsolicited mail. a1b2 - gsmtp', 'other'],
    ['outlook-com.olc.protection.outlook.com', '550 5.5.0 mailbox unavailable', 'ms-consumer'],
    ['shop-example.mail.protection.outlook.com', '550 5.4.1 Access denied', 'ms-365'],
    ['notgoogle.com', '550 5.1.1 No such user', 'other'],
  ];
  for (const [host, text, provider] of cases)
    assert.equal(said(host, text).provider, provider, host);
});

test('a filter in front of a plain host name is named by its words', () => {
  const words = "554 Your access has been rejected due to the sending MTA's poor reputation.";
  const { provider, filter, scope } = said('mail.shop.example', words);
  assert.deepEqual([provider, filter, scope], ['other', 'cisco', 'our-ip']);
  const own = logged(`host mx1.x.iphmx.com[203.0.113.7] refused to talk to me: ${words}`);
  assert.deepEqual([own.provider, own.filter], ['cisco', '']);
});

test('words of our own mail server are no verdict of a provider, and still have a meaning', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [`connect to ${gmail}[2001:db8::1]:25: Network is unreachable`, 'google', 'network'],
    ['lost connection with mx3.qq.com[203.0.113.7] while sending RCPT TO', 'qq', 'network'],
    ['mail forwarding loop for ann@example.org', 'none', 'recipient'],
    ['host mail.example.org[private/lmtp] said: 552 5.2.2 Quota exceeded', 'none', 'recipient'],
    ['host 127.0.0.1[127.0.0.1]:10024 said: 554 5.7.0 Reject, id=1-2 - spam', 'none', 'content'],
    [
      'delivery temporarily suspended: connect to mx.b.example[203.0.113.7]:25: Connection refused',
      'other',
      'network',
    ],
    [
      `delivery temporarily suspended: host ${gmail}[203.0.113.7] said: 421 unusual rate of mail`,
      'google',
      'rate',
    ],
    ['TLS is required, but was not offered by host mx.b.example[203.0.113.7]', 'other', 'tls'],
  ];
  for (const [reply, provider, scope] of cases) {
    const answer = logged(reply);
    assert.deepEqual(
      [answer.provider, answer.scope, answer.isOwnWords],
      [provider, scope, true],
      reply,
    );
  }
  assert.equal(said(gmail, '550 5.1.1 No such user').isOwnWords, false);
});

test('a later answer names the state, whatever the code and the status say', () => {
  const slowed = said('mx3.qq.com', '550 Ip frequency limited [A1 IP: 192.0.2.9].');
  assert.deepEqual([slowed.scope, slowed.severity], ['rate', 'slowed']);
  const blocked = logged(
    'host mx1.free.fr[203.0.113.7] refused to talk to me: 421 Too many spams from your IP',
  );
  assert.deepEqual([blocked.scope, blocked.severity], ['our-ip', 'blocked']);
  const mailbox = said(
    'mx.b.example',
    '550 5.7.1 <a@b.example>: Recipient address rejected: user unknown, client=192.0.2.9',
  );
  assert.equal(mailbox.scope, 'recipient');
});

test('lines of one reply are read as one sentence, with or without capitals and accents', () => {
  const text = '421-4.7.28 UNUSUAL rate 421-4.7.28 OF mail 421 4.7.28 from your IP';
  assert.equal(said(gmail, text).rule, 'google/rate-slowed');
  assert.equal(said('mx.b.example', '550 Empfänger existiert nicht').scope, 'recipient');
  assert.equal(said('mx.b.example', '550 Skrzynka odbiorcy jest pełna').scope, 'recipient');
});

test('what no rule knows keeps no rule, and its basic code says what it can', () => {
  const rcpt = said('mx.b.example', '550 Zxq 17 plork');
  assert.deepEqual([rcpt.rule, rcpt.scope], ['', 'recipient']);
  const later = said('mx.b.example', '451 Zxq 17 plork');
  assert.deepEqual([later.rule, later.severity], ['', 'transient']);
  const nothing = logged('plork');
  assert.deepEqual([nothing.rule, nothing.scope, nothing.wait], ['', undefined, undefined]);
});

test('rules of the operator decide before ours', () => {
  const own: readonly ReplyRule[] = rulesOf({ cure: 'Call Ann.' }, [
    {
      id: 'ours',
      words: '~user unknown~ * partner',
      says: 'policy-of-recipient blocked 1h',
      yes: '',
      no: '',
    },
  ]);
  const mine = openReplyClassifier(allReplyRules(own));
  const reply = '550 5.1.1 User unknown, ask our partner';
  const answer = mine.classify({ reply, mxHost: 'mx.b.example', status: 'bounced' });
  assert.deepEqual([answer.rule, answer.cure, answer.wait], ['ours', 'Call Ann.', 60]);
  const other = { reply: '550 5.1.1 User unknowns, our partner', mxHost: 'mx.b.example' } as const;
  assert.notEqual(mine.classify({ ...other, status: 'bounced' }).rule, 'ours');
});

test('two replies of one kind have one shape, and a shape has a limit', () => {
  const kinds: readonly (readonly [string, string])[] = [
    [
      'host mx1.b.example[203.0.113.7] said: 550 <ann@b.example>: User unknown 4bXm2R7hQzz2',
      'host mx7.b.example[203.0.113.99] said: 550 <joe@b.example>: User unknown 9kLp0T1wQyy4',
    ],
    [
      '421 [TSS04] Messages from 192.0.2.9 deferred - 4.16.55.1; see https://b.example/a?x=1',
      '421 [TSS04] Messages from 2001:db8::9 deferred - 4.16.51.2; see https://b.example/b?x=99',
    ],
    [
      '450 Try again in 300 seconds, 2026-11-28T10:00:00Z',
      '450 Try again in 7 seconds, 2026-12-01T01:02:03Z',
    ],
  ];
  for (const [one, two] of kinds) assert.equal(classifier.shape(one), classifier.shape(two));
  const [first = '', second = ''] = ['550 5.1.1 User unknown', '550 5.7.1 User unknown'];
  assert.notEqual(classifier.shape(first), classifier.shape(second));
  assert.ok(classifier.shape('word '.repeat(5_000)).length <= 400);
});

test('a hostile reply takes no more time than its length', () => {
  const texts = [
    'a'.repeat(replyMax),
    '@'.repeat(replyMax),
    'a@'.repeat(replyMax / 2),
    '550-'.repeat(replyMax / 4),
    'mailbox '.repeat(replyMax / 8),
    `host ${'['.repeat(replyMax)}`,
    'host a[b] said: 550 '.repeat(400),
    'x.'.repeat(replyMax / 2),
    ' (in reply to '.repeat(600),
    '1:'.repeat(replyMax / 2),
    'é'.repeat(100_000),
  ];
  for (const text of texts) {
    const { ms } = timed(() => {
      for (let nth = 0; nth < 20; nth++) {
        classifier.classify({ reply: text, mxHost: text, status: 'bounced' });
        classifier.shape(text);
      }
    });
    assert.ok(ms < 400, `${text.slice(0, 20)}…: ${Math.round(ms / 20)} ms each`);
  }
});

test('words in other words, in the name of the host, and before a message decide nothing', () => {
  const trend = 'in.hes.trendmicro.eu';
  const cases: readonly (readonly [ClassifiedReply, string])[] = [
    [said(trend, '550 5.1.1 Recipient address rejected: users cannot be found'), 'recipient'],
    [said(trend, '451 4.3.0 All servers are busy, try later'), 'their-fault'],
    [
      said(
        'mail.greylist-spamhaus.example',
        '550 5.1.1 mail.greylist-spamhaus.example: no such user',
      ),
      'recipient',
    ],
    [
      logged(
        'host mx.a.example[203.0.113.7] refused to talk to me: 571 Blocked by our anti-spam system',
      ),
      'our-ip',
    ],
    [
      said(
        'mx.a.example',
        '451 4.6.0 milter: virus scanner not reachable, try again',
        'end of DATA',
      ),
      'their-fault',
    ],
    [said('mx.a.example', '451 4.3.0 LDAP lookup timed out, please try again'), 'their-fault'],
    [said('mx.a.example', '451 4.7.24 SPF temporary error, try later'), 'authentication'],
    [said('mx.a.example', '451 4.7.1 Try again later', 'end of DATA'), 'greylist'],
    [said('mx.a.example', '550 203.0.113.0/24 subnet blocked for abuse'), 'our-network'],
    [
      said(
        'a.mail.protection.outlook.com',
        '550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant',
      ),
      'content',
    ],
    [
      said(
        'mx00.emig.gmx.net',
        '550-Requested action not taken: mailbox unavailable 550 Sender address is not allowed',
        'MAIL FROM',
      ),
      'our-domain',
    ],
    [
      said(
        'mx1.sophos.hydra.sophos.com',
        '451 4.7.1 XGEMAIL_0002 Greylisted, try again in 5 minutes',
      ),
      'greylist',
    ],
  ];
  for (const [{ rule, scope }, wanted] of cases) assert.equal(scope, wanted, rule);
});

test('words of German and French servers have their meaning', () => {
  const cases: readonly (readonly [ClassifiedReply, string])[] = [
    [said('mx.a.example', '552 Postfach hat keinen Speicherplatz mehr'), 'recipient'],
    [said('mx.a.example', '554 Ihr Mailserver 203.0.113.7 ist gesperrt'), 'our-ip'],
    [
      said('mx.a.example', '550 Der Empfänger nimmt keine externen Mails an'),
      'policy-of-recipient',
    ],
    [said('mx.a.example', '552 Le message dépasse la taille maximale', 'end of DATA'), 'size'],
    [said('mx.a.example', '550 Netzbereich gesperrt'), 'our-network'],
  ];
  for (const [{ rule, scope }, wanted] of cases) assert.equal(scope, wanted, rule);
});
