/** The commands that are printed when a provider refuses IPv6 only, typed at a real Postfix. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { ipv4OnlyCommands } from '../../src/core/lanes/ipv4-only.ts';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';

const host = 'gmail-smtp-in.l.google.com';

function run(script: string): string {
  return execFileSync('/bin/sh', ['-ec', script], { encoding: 'utf8' });
}

function record(data: DnsData & { readonly name: string }): DnsRecord {
  return { ...data, ttlSeconds: 60 };
}

/** Takes mail by IPv4 and refuses by IPv6; notes which were tried. */
function answer(socket: Socket, tried: string[]): void {
  const isIpv6 = socket.remoteAddress?.includes('2001:db8') === true;
  tried.push(isIpv6 ? 'ipv6' : 'ipv4');
  socket.on('error', () => {});
  let isBody = false;
  let text = '';
  socket.write('220 mx ESMTP\r\n');
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (isBody && line !== '.') continue;
      const isRefused = isIpv6 && /^MAIL/i.test(line);
      isBody = /^DATA/i.test(line);
      socket.write(isRefused ? '450 4.7.1 no IPv6\r\n' : isBody ? '354 go\r\n' : '250 Ok\r\n');
      if (/^QUIT/i.test(line)) socket.end();
    }
  });
}

function tests(): void {
  test('after the printed commands Postfix reaches the provider by IPv4 alone', async (t) => {
    const tried: string[] = [];
    const server = createServer((socket) => answer(socket, tried));
    run('ip address add 198.51.100.1/32 dev lo; ip address add 2001:db8::1/128 dev lo nodad');
    await new Promise<void>((done) => server.listen(25, '::', done));
    t.after(() => server.close());
    await using _dns = await openScriptedDns(
      [
        record({ name: 'gmail.com', type: 'MX', preference: 5, exchange: host }),
        record({ name: host, type: 'A', address: '198.51.100.1' }),
        record({ name: host, type: 'AAAA', address: '2001:db8::1' }),
      ],
      { address: '127.0.0.1', port: 53 },
    );
    writeFileSync('/etc/resolv.conf', 'nameserver 127.0.0.1\n');
    writeFileSync('/etc/postfix/transport-own', '/^kept\\.example$/ smtp:[192.0.2.1]\n');
    run(`postconf -e default_transport=smtp inet_protocols=all relayhost= \
      smtp_address_preference=ipv6 \
      inet_interfaces=127.0.0.1 mydestination= smtp_tls_security_level=none \
      'transport_maps = regexp:/etc/postfix/transport-own'
      postconf -e 'master_service_disable = inet'
      postconf -F 'smtp/unix/chroot=n'
      postfix start 2>/dev/null`);
    t.after(() => run('postfix stop 2>/dev/null || true'));
    const send = (): string => run('echo hello | sendmail -f ann@example.org bob@gmail.com');
    send();
    await eventually('IPv6 is tried', () => tried.includes('ipv6') || undefined);
    for (let times = 0; times < 2; times++) run(`${ipv4OnlyCommands('google').join('\n')} 2>&1`);
    assert.match(
      run('postconf -h transport_maps'),
      /^\S+transport-ipv4 regexp:\S+transport-own\n$/,
    );
    const from = tried.length;
    send();
    await eventually('mail is sent again', () => tried.length > from || undefined);
    // The first message may be tried again beside it.
    assert.deepEqual([...new Set(tried.slice(from))], ['ipv4']);
  });
}

if (onOwnMachine) tests();
else onMachineOfItsOwn(import.meta.filename);
