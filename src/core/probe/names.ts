/** The names that the server says, against the DNS: name to address, and address to name. Pure. */
import { ask, type DnsAnswer, type DnsLookup } from '../../formats/dns/question.ts';
import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import { evaluateIprev } from '../../formats/spf/iprev.ts';
import { parseClientIp, reverseName } from '../../formats/spf/network.ts';
import { Dialogue, type Probing } from './dialogue.ts';
import {
  addressLiteral,
  notTried,
  type ProbeFinding,
  type ProbeTarget,
  postconfFix,
  probeFault,
  probeOk,
  smtpPort,
} from './target.ts';

const title = 'Names of the server';

type SaidNames = { readonly greeting: string; readonly hello: string };

/** The names that the server says. Throws ProbeStopError if it says none. */
export function* saidNames(target: ProbeTarget): Probing<SaidNames> {
  const dialogue = new Dialogue(addressLiteral(target.source));
  const { greeting, name } = yield* dialogue.greet(smtpPort(target));
  return { greeting: greeting.split(/\s/)[0] ?? '', hello: name };
}

/** `why`: the names cannot be judged. */
export function namesNotTried(why: string): ProbeFinding {
  return notTried('names', title, why);
}

/** Judges the names that were said. Asks the DNS only for addresses that others can see. */
export function* judgeNames(
  { greeting, hello }: SaidNames,
  { address }: ProbeTarget,
): DnsLookup<readonly ProbeFinding[]> {
  const said = [`< 220 ${greeting}`, `< 250 ${hello}`];
  const faultOf = (id: string, kind: 'warn' | 'fail', found: string, wanted: string) =>
    probeFault(`names.${id}`, kind, { title, found, wanted, fix: nameFix }, said);
  if (!isFull(greeting)) {
    const found = `the greeting says ${greeting || 'no name'}, which is no full name`;
    return [faultOf('greeting', 'warn', found, 'a name of the DNS (RFC 5321 section 4.1.1.1)')];
  }
  if (hello.toLowerCase() !== greeting.toLowerCase()) {
    const found = `the greeting says ${greeting}, and the reply to EHLO says ${hello}`;
    return [faultOf('hello', 'warn', found, 'the same name in both')];
  }
  const ip = parseClientIp(address);
  if (ip === undefined || isOwnByDefault(address)) {
    return [namesNotTried(`${address} is private, and others do not see its name`)];
  }
  const type = address.includes(':') ? 'AAAA' : 'A';
  const forward = yield* ask(greeting.toLowerCase(), type);
  const reverse = yield* ask(reverseName(ip), 'PTR');
  const findings: ProbeFinding[] = [];
  if (forward.kind === 'failure' || reverse.kind === 'failure') {
    return [namesNotTried('the DNS does not answer')];
  }
  if (!addressesOf(forward).includes(address)) {
    const found = `${greeting} has no ${type} record with ${address}`;
    findings.push(faultOf('forward', 'fail', found, `${greeting} ${type} ${address}`));
  }
  const names = targetsOf(reverse);
  const back = yield* evaluateIprev(address);
  if (names.length === 0) {
    findings.push(faultOf('reverse', 'fail', `${address} has no name (PTR)`, greeting));
  } else if (back.result === 'temperror') {
    findings.push(notTried('names.confirmed', title, back.sentence));
  } else if (back.result !== 'pass') {
    const found = `the name of ${address}, ${names[0]}, does not lead back to it`;
    findings.push(faultOf('confirmed', 'fail', found, `a name that has the address ${address}`));
  } else if (!names.includes(greeting.toLowerCase())) {
    const found = `the name of ${address} is ${names[0]}, and the greeting says ${greeting}`;
    findings.push(faultOf('differs', 'warn', found, 'the same name'));
  }
  if (findings.length > 0) return findings;
  return [probeOk('names', { title, found: `${greeting} is ${address}, in both directions` })];
}

const nameFix =
  `${postconfFix('myhostname = NAME')}, and in the DNS: an address record of NAME, and a ` +
  'reverse name (PTR), which the owner of the network sets; postern dns plan has the records';

const isFull = (name: string): boolean =>
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i.test(name) &&
  !/\.(?:local|localdomain|localhost|lan|internal|invalid)$/i.test(name);

function addressesOf(answer: DnsAnswer): readonly string[] {
  const records = answer.kind === 'records' ? answer.records : [];
  return records.flatMap((one) => (one.type === 'A' || one.type === 'AAAA' ? [one.address] : []));
}

function targetsOf(answer: DnsAnswer): readonly string[] {
  const records = answer.kind === 'records' ? answer.records : [];
  return records.flatMap((one) => (one.type === 'PTR' ? [one.target] : []));
}
