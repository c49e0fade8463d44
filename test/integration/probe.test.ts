/**
 * `postern probe` against a real Postfix: every planted fault by the check that is about it, and no
 * other fault; many faults at once, by all checks; and none in a sound server.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { probedInTime } from './probe-in-time.ts';
import { type PlantedFault, type ProbeServer, startProbeServer } from './probe-server.ts';

const notRoot = process.getuid?.() === 0 ? false : 'Postfix needs root';

type Case = {
  /** Ids of what must be found, and nothing else. */
  readonly finds: readonly string[];
  readonly plant: (certificates: string) => PlantedFault;
};
const smtp = (settings: PlantedFault['settings']) => (): PlantedFault => ({
  service: 'smtp',
  settings,
});
const submission = (settings: PlantedFault['settings']) => (): PlantedFault => ({
  service: 'submission',
  settings,
});
const senders = 'reject_unlisted_sender, check_sender_access inline:{mail.test=REJECT}';
const relayWith = (check: string): string => `${check}, reject_unauth_destination`;
const everybody = relayWith('check_client_access static:OK');
const certificate = (service: PlantedFault['service'], file: string) => {
  return (folder: string): PlantedFault => ({
    service,
    settings: {
      ...(service === 'smtp' ? { smtpd_tls_security_level: 'may' } : {}),
      smtpd_tls_chain_files: `${folder}/${file}`,
    },
  });
};
const weak = (list: string): PlantedFault['settings'] => ({
  smtpd_tls_protocols: '>=TLSv1',
  tls_medium_cipherlist: `${list}:@SECLEVEL=0`,
  tls_high_cipherlist: `${list}:@SECLEVEL=0`,
});

const cases: Readonly<Record<string, Case>> = {
  'an open relay': {
    finds: ['relay.open'],
    plant: smtp({ smtpd_relay_restrictions: everybody }),
  },
  'bounces may go anywhere': {
    finds: ['relay.the-null-sender'],
    plant: smtp({
      smtpd_relay_restrictions: relayWith('check_sender_access inline:{{<>=OK}}'),
    }),
  },
  'senders of the own domain may relay': {
    finds: [
      'forged-sender.local',
      'relay.a-sender-in-your-domain',
      'relay.a-sender-without-a-domain',
    ],
    plant: smtp({
      smtpd_relay_restrictions: relayWith('check_sender_access inline:{mail.test=OK}'),
      smtpd_sender_restrictions: 'reject_unlisted_sender',
    }),
  },
  'who says the name of the server may relay': {
    finds: ['relay.ehlo-with-your-domain'],
    plant: smtp({ smtpd_relay_restrictions: relayWith('check_helo_access inline:{mail.test=OK}') }),
  },
  'who says localhost may relay': {
    finds: ['relay.ehlo-localhost'],
    plant: smtp({ smtpd_relay_restrictions: relayWith('check_helo_access inline:{localhost=OK}') }),
  },
  'unknown recipients are accepted': {
    finds: ['unknown-recipient.mail.test'],
    plant: smtp({ local_recipient_maps: '' }),
  },
  'bounces are refused': {
    finds: ['bounces.null-sender'],
    plant: smtp({
      smtpd_sender_restrictions: `check_sender_access inline:{{<>=REJECT}}, ${senders}`,
    }),
  },
  'mail for postmaster is refused': {
    finds: ['bounces.recipient'],
    plant: smtp({
      smtpd_recipient_restrictions: 'check_recipient_access inline:{postmaster@mail.test=REJECT}',
    }),
  },
  'any address of the own domain may be forged': {
    finds: ['forged-sender.unknown'],
    plant: smtp({ smtpd_sender_restrictions: '', smtpd_reject_unlisted_sender: 'no' }),
  },
  'users may be forged': {
    finds: ['forged-sender.local'],
    plant: smtp({ smtpd_sender_restrictions: 'reject_unlisted_sender' }),
  },
  'no limit of size': { finds: ['size.none'], plant: smtp({ message_size_limit: '0' }) },
  'a limit that is not said': {
    finds: ['size.unsaid'],
    plant: smtp({ smtpd_discard_ehlo_keywords: 'size' }),
  },
  'no TLS': { finds: ['tls.smtp.missing'], plant: smtp({ smtpd_tls_security_level: 'none' }) },
  'TLS without a certificate': {
    finds: ['tls.smtp.broken'],
    plant: smtp({ smtpd_tls_security_level: 'may', smtpd_tls_chain_files: '/nothing/is/here' }),
  },
  'a certificate for another name': {
    finds: ['tls.smtp.certificate.name'],
    plant: certificate('smtp', 'other.pem'),
  },
  'a certificate that nobody signed': {
    finds: ['tls.smtp.certificate.untrusted'],
    plant: certificate('smtp', 'own.pem'),
  },
  'a certificate that ends soon': {
    finds: ['tls.submissions.certificate.ends-soon'],
    plant: certificate('submissions', 'soon.pem'),
  },
  'old versions of TLS': {
    finds: ['tls.smtp.tls10', 'tls.smtp.tls11'],
    plant: smtp({ smtpd_tls_security_level: 'may', ...weak('DEFAULT') }),
  },
  'ciphers that encrypt nothing': {
    finds: ['tls.smtp.null'],
    plant: smtp({
      smtpd_tls_security_level: 'may',
      tls_medium_cipherlist: 'ALL:eNULL:@SECLEVEL=0',
    }),
  },
  'logins before TLS on port 25': {
    finds: ['login.smtp.before-tls'],
    plant: smtp({ smtpd_sasl_auth_enable: 'yes', smtpd_tls_auth_only: 'no' }),
  },
  'logins on port 25': {
    finds: ['login.smtp.offered'],
    plant: smtp({ smtpd_sasl_auth_enable: 'yes' }),
  },
  'submission without TLS': {
    finds: ['tls.submission.missing'],
    plant: submission({ smtpd_tls_security_level: 'none' }),
  },
  'submission with passwords before TLS': {
    finds: ['login.submission.before-tls'],
    plant: submission({ smtpd_tls_security_level: 'may', smtpd_tls_auth_only: 'no' }),
  },
  'submission without logins, to users': {
    finds: ['login.submission.local'],
    plant: submission({ smtpd_client_restrictions: '' }),
  },
  'submission without logins, to everybody': {
    finds: ['login.submission.relay'],
    plant: submission({ smtpd_client_restrictions: '', smtpd_relay_restrictions: everybody }),
  },
  'submission with ciphers that need no certificate': {
    finds: ['tls.submission.anonymous'],
    plant: submission({
      smtpd_tls_exclude_ciphers: '',
      smtpd_tls_mandatory_exclude_ciphers: '',
      tls_medium_cipherlist: 'ALL:!eNULL:@SECLEVEL=0',
    }),
  },
  'submissions without TLS from the start': {
    finds: ['tls.submissions.plain'],
    plant: () => ({ service: 'submissions', settings: { smtpd_tls_wrappermode: 'no' } }),
  },
  'hidden messages': { finds: ['smuggling'], plant: smtp({ smtpd_forbid_bare_newline: 'no' }) },
  'hidden messages, where pipelining is watched': {
    finds: ['smuggling'],
    plant: smtp({
      smtpd_forbid_bare_newline: 'no',
      smtpd_data_restrictions: 'reject_unauth_pipelining',
    }),
  },
  'early talkers are heard': {
    finds: ['early'],
    plant: smtp({ smtpd_forbid_unauth_pipelining: 'no' }),
  },
  'VRFY tells addresses': { finds: ['vrfy.tells'], plant: smtp({ disable_vrfy_command: 'no' }) },
  'addresses can be guessed': {
    finds: ['guessing'],
    plant: smtp({ smtpd_hard_error_limit: '1000', smtpd_soft_error_limit: '1000' }),
  },
  'a greeting without a name': {
    finds: ['names.greeting'],
    plant: smtp({ smtpd_banner: 'localhost ESMTP' }),
  },
  'a greeting with another name': {
    finds: ['names.hello'],
    plant: smtp({ smtpd_banner: 'mx.example.org ESMTP' }),
  },
};

const atOnce = 'many faults at once';
const allAtOnce = smtp({
  smtpd_relay_restrictions: relayWith('check_sender_access inline:{{<>=OK}}'),
  smtpd_sender_restrictions: '',
  smtpd_reject_unlisted_sender: 'no',
  message_size_limit: '0',
  smtpd_tls_security_level: 'none',
  smtpd_forbid_bare_newline: 'no',
  disable_vrfy_command: 'no',
  smtpd_hard_error_limit: '1000',
  smtpd_soft_error_limit: '1000',
  smtpd_banner: 'mx.example.org ESMTP',
});

type Found = { readonly id: string; readonly kind: string; readonly transcript: readonly string[] };

describe('a Postfix with planted faults', { skip: notRoot }, () => {
  let server: ProbeServer;
  before(async () => {
    server = await startProbeServer({
      ...Object.fromEntries(Object.entries(cases).map(([name, one]) => [name, one.plant])),
      [atOnce]: allAtOnce,
    });
  });
  after(() => server?.[Symbol.asyncDispose]());

  const probed = async (
    ports: Partial<ProbeServer['ports']>,
    ...words: readonly string[]
  ): Promise<readonly Found[]> => {
    const at = Object.entries({ ...server.ports, ...ports });
    const out = await probedInTime(
      ...['probe', '127.0.0.1', '--from', '127.0.0.2', '--json', '--ca', server.authority],
      ...['--config-dir', server.postfix.configDirectory, '--recipient', 'joe@mail.test'],
      ...at.flatMap(([name, port]) => [`--${name}`, String(port)]),
      ...words,
    );
    return (JSON.parse(out) as { readonly findings: readonly Found[] }).findings;
  };
  const faultsIn = (found: readonly Found[]): readonly string[] =>
    found.flatMap(({ id, kind }) => (kind === 'fail' || kind === 'warn' ? [id] : [])).sort();

  test('a sound server has no fault', async () => {
    const found = await probed({});
    assert.deepEqual(faultsIn(found), []);
    const unknown = found.filter(({ kind }) => kind === 'unknown').map(({ id }) => id);
    assert.deepEqual(unknown, ['names'], 'the address is private; all else was tried');
  });

  for (const [name, { finds, plant }] of Object.entries(cases)) {
    test(`found: ${name}`, async () => {
      const { service } = plant('');
      const checks = new Set(finds.map((id) => id.replace(/\..*/, '')));
      const only = [...checks].flatMap((check) => ['--only', check]);
      const found = await probed({ [service]: server.port(name) }, ...only);
      assert.deepEqual(faultsIn(found), [...finds].sort(), JSON.stringify(found, undefined, 1));
      for (const { id, kind, transcript } of found) {
        if (kind === 'fail' || kind === 'warn') assert.ok(transcript.length > 0, id);
      }
    });
  }

  test('many faults at once are all found, and no other', async () => {
    const found = await probed({
      smtp: server.port(atOnce),
      submission: server.port('submission without logins, to users'),
      submissions: server.port('a certificate that ends soon'),
    });
    const wanted = [
      ...['forged-sender.unknown', 'guessing', 'names.hello', 'relay.the-null-sender'],
      ...['size.none', 'smuggling', 'tls.smtp.missing', 'vrfy.tells'],
      ...['login.submission.local', 'tls.submissions.certificate.ends-soon'],
    ];
    assert.deepEqual(faultsIn(found), wanted.sort());
  });

  test('no message was delivered, queued or left', async () => {
    assert.deepEqual(server.sink.deliveries, []);
    assert.deepEqual(await server.postfix.queue(), []);
    assert.doesNotMatch(await server.postfix.log(), /status=|from=.*nrcpt=/);
  });
});
