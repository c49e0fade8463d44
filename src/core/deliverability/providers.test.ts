import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  mailProviders,
  mxProvider,
  providerById,
  providerOf,
  providerOfMx,
  providerTyped,
} from './providers.ts';

test('the longest end of a host name decides, and only whole labels count', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['alt1.gmail-smtp-in.l.google.com', 'google'],
    ['ASPMX.L.GOOGLE.COM.', 'google'],
    ['notgoogle.com', undefined],
    ['outlook-com.olc.protection.outlook.com', 'ms-consumer'],
    ['shop-example.mail.protection.outlook.com', 'ms-365'],
    ['shop-example.a-v1.mx.microsoft', 'ms-365'],
    ['mailin-02.mx.aol.com', 'yahoo'],
    ['mx2.mail.yahoo.co.jp', 'yahoo-jp'],
    ['mx00.emig.kundenserver.de', 'united-internet'],
    ['cxr.mx.a.cloudfilter.net', 'cox'],
    ['pkvw.mx.a.cloudfilter.net', undefined],
    ['mx1.shop.example', undefined],
    ['gmail-smtp-in.l.google.com.evil.example', undefined],
    ['inbound-smtp.us-west-2.amazonaws.com', 'amazon-ses'],
    ['ec2-203-0-113-9.eu-west-1.compute.amazonaws.com', undefined],
    ['evil-12ab.elb.us-east-1.amazonaws.com', undefined],
    ['c-203-0-113-9.hsd1.ca.comcast.net', undefined],
    ['cpe-203-0-113-9.socal.res.rr.com', undefined],
    ['lfbn-par-1-203-9.w203-0.abo.wanadoo.fr', undefined],
    ['evil.hd.free.fr', undefined],
    ['mx.shop.example.cust.a.hostedemail.com', 'opensrs'],
    ['', undefined],
    [`${'a.'.repeat(5_000)}google.com`, undefined],
  ];
  for (const [host, id] of cases) assert.equal(providerOfMx(host)?.id, id, host);
});

test('a person reads the name of the service, else the host', () => {
  assert.equal(mxProvider('alt4.gmail-smtp-in.l.google.com'), 'Gmail');
  assert.equal(mxProvider('aspmx.l.google.com'), 'Google');
  assert.equal(mxProvider('mx-ha.web.de'), 'WEB.DE');
  assert.equal(mxProvider('MX1.Shop.Example.'), 'mx1.shop.example');
  assert.equal(providerOf('hotmail.de'), 'Microsoft');
  assert.equal(providerOf('shop.example'), 'shop.example');
});

test('no id and no end of host names is listed twice', () => {
  const ids = mailProviders.map(({ id }) => id);
  const ends = mailProviders.flatMap(({ mx }) =>
    mx.map((end) => (typeof end === 'string' ? end : end[0])),
  );
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(new Set(ends).size, ends.length);
  assert.equal(providerById('google')?.name, 'Google');
});

test('a provider is found by what a person types', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['google', 'google'],
    ['Gmail', 'google'],
    ['gmail.com', 'google'],
    ['Outlook.com', 'ms-consumer'],
    ['hotmail', 'ms-consumer'],
    ['aol.com', 'yahoo'],
    ['aspmx.l.google.com', 'google'],
    ['WEB.DE', 'united-internet'],
    ['Small.Example', 'small.example'],
  ];
  for (const [typed, id] of cases) assert.equal(providerTyped(typed), id, typed);
});
