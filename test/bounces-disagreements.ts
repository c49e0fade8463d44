/**
 * Where Postern and the labels of a public collection of bounces differ, and why Postern is right
 * to differ. Each entry is a file, its recipient, and the argument from the message.
 */
export type Disagreement = readonly [file: string, recipient: string, why: string];

export const disagreements: readonly Disagreement[] = [
  // Labels of that time had no word for SPF, DKIM and DMARC, and called their failures blocked.
  [
    'lhost-courier-03.eml',
    'kijitora@example.jp',
    'Purported Responsible Address is the check of Sender ID (RFC 4407): unauthenticated',
  ],
  ['lhost-exim-29.eml', 'kijitora@example.co.jp', 'it says Bad SPF records: unauthenticated'],
  [
    'lhost-postfix-70.eml',
    'kijitora@google.example.com',
    'it says Unauthenticated email … due to DMARC policy: unauthenticated',
  ],
  [
    'lhost-sendmail-59.eml',
    'info@example.jp',
    'it says that the message does not have authentication information: unauthenticated',
  ],
  [
    'lhost-sendmail-60.eml',
    'kijitora-cat@google.example.com',
    'it names the SPF record with a hard fail: unauthenticated',
  ],
  ['rhost-tencent-03.eml', 'neko@qq.example.cn', 'it says DMARC check failed: unauthenticated'],
  // Not our address but something else.
  [
    'lhost-postfix-49.eml',
    'kijitora-neko-nyaan@ntt.example.ne.jp',
    '421 Service not available in the greeting says that the server is busy or down, not that it ' +
      'has anything against ours',
  ],
  [
    'lhost-v5sendmail-05.eml',
    'kijitora@example.edu',
    'the transcript for this recipient ends with Connection reset by peer; the reply before it ' +
      'is about mail to oneself',
  ],
  // The label contradicts the words.
  [
    'rfc3464-01.eml',
    'userunknown@bouncehammer.jp',
    'status 5.1.1 and the words User Unknown; nothing speaks of a full mailbox',
  ],
  [
    'lhost-postfix-80.eml',
    'xxxx@xxxx.com',
    'it says that the MailFrom domain is listed in Spamhaus: blocked, not an unknown user',
  ],
];
