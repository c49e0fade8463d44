import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetworkOf, heloFault, isMadeName } from './names.ts';

test('a network is a /24 of IPv4 and a /48 of IPv6', () => {
  assert.equal(clientNetworkOf('192.0.2.7'), clientNetworkOf('192.0.2.200'));
  assert.notEqual(clientNetworkOf('192.0.2.7'), clientNetworkOf('192.0.3.7'));
  assert.equal(clientNetworkOf('2001:db8:1::1'), clientNetworkOf('2001:db8:1:ff::2'));
  assert.notEqual(clientNetworkOf('2001:db8:1::1'), clientNetworkOf('2001:db8:2::1'));
  assert.equal(clientNetworkOf('no address'), 'no address');
});

const client = '198.51.100.23';
for (const name of [
  'dyn-198-51-100-23.line.example',
  '23.100.51.198.customers.example',
  'static-198-51-100-23.telco.example',
  'host198051100023.example',
  'c6336417.adsl.example',
  'h23.pool100.dyn.example',
]) {
  test(`${name} is made from ${client}`, () => assert.ok(isMadeName(name, client)));
}
for (const name of ['mail.bakery.example', 'mx23.example', 'a4-23.smtp-out.example', '']) {
  test(`'${name}' is a chosen name`, () => assert.ok(!isMadeName(name, client)));
}

test('HELO names that no mail server has', () => {
  const fault = (helo: string): boolean =>
    heloFault(helo, client, (name) => name === 'here.example') !== undefined;
  for (const helo of [
    ...['', 'localhost', 'EXCH01', 'exch01.firm.local', '198.51.100.23', '[198.51.100.23]'],
    ...['[192.0.2.1]', 'here.example', 'a b.example', 'x.localdomain'],
  ]) {
    assert.ok(fault(helo), helo);
  }
  for (const helo of ['mail.bakery.example', 'MAIL.Bakery.Example.', 'out_1.example']) {
    assert.ok(!fault(helo), helo);
  }
});
