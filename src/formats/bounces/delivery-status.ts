/**
 * The fields of a delivery status (RFC 3464), one group a recipient, as servers really write them:
 * without empty lines or with too many, folded wrongly, in the middle of a text. Pure.
 */
import { addressKey } from '../message/address.ts';

export type StatusGroup = {
  /** Address key. */
  readonly recipient: string;
  /** `failed`, `delayed`, `delivered`, `relayed`, `expanded`; lower case; empty if missing. */
  readonly action: string;
  /** Enhanced status code; empty if missing. */
  readonly status: string;
  readonly diagnostic: string;
  /** The host that answered; empty if none is named. */
  readonly remoteHost: string;
};

/** Recipients of one report. */
export const reportedMax = 1_000;
const diagnosticLengthMax = 4_000;

type Draft = { [field: string]: string };

const names = [
  ...['(?:x-)?(?:original|final|actual|failed)-recipient', 'action', 'status', 'diagnostic-code'],
  ...['remote-mta', 'reporting-mta', 'received-from-mta', 'arrival-date', 'last-attempt-date'],
  ...['final-log-id', 'will-retry-until', 'x-[a-z-]{1,40}'],
];
const field = new RegExp(String.raw`^\s{0,4}(${names.join('|')}):\s{0,8}(.*)$`, 'i');

export function deliveryStatus(lines: readonly string[]): readonly StatusGroup[] {
  const groups: Draft[] = [];
  let draft: Draft = {};
  let last = '';
  const close = (): void => {
    if (hasRecipient(draft) && groups.length < reportedMax) groups.push(draft);
    draft = {};
    last = '';
  };
  for (const line of lines) {
    const found = field.exec(line);
    if (found === null) {
      if (line.trim() === '') {
        if (hasRecipient(draft) && draft['action'] !== undefined) close();
        last = '';
      } else if (last !== '' && (draft[last]?.length ?? 0) < diagnosticLengthMax) {
        draft[last] += ` ${line.trim()}`;
      }
      continue;
    }
    const name = (found[1] ?? '').toLowerCase();
    const value = (found[2] ?? '').trim();
    if (name === 'reporting-mta') close();
    const isNext =
      (name === 'final-recipient' && draft[name] !== undefined) ||
      (name === 'original-recipient' &&
        draft['final-recipient'] !== undefined &&
        draft['diagnostic-code'] !== undefined &&
        draft[name] !== undefined);
    if (isNext) close();
    if (name === 'diagnostic-code' && draft[name] !== undefined) draft[name] += ` ${value}`;
    else draft[name] ??= value;
    last = name;
  }
  close();
  return groups.map(groupOf);
}

function hasRecipient(draft: Draft): boolean {
  return draft['final-recipient'] !== undefined || draft['original-recipient'] !== undefined;
}

function groupOf(draft: Draft): StatusGroup {
  const of = (name: string): string => draft[name] ?? '';
  const final = typed(of('final-recipient'));
  const original = typed(of('original-recipient'));
  const diagnostic = of('diagnostic-code').replace(
    /^\s*(?:smtp|x-[a-z-]{1,30}|dns|unix|esmtp)\s*;\s*/i,
    '',
  );
  const supplement = of('x-supplementary-info');
  return {
    recipient: addressKey(
      [final, original].find(isWhole) ?? [final, original].find(hasHost) ?? final,
    ),
    action: /^[a-z-]{1,20}/i.exec(of('action'))?.[0].toLowerCase() ?? '',
    status: /[245]\.\d{1,3}\.\d{1,3}/.exec(of('status'))?.[0] ?? '',
    diagnostic: `${diagnostic} ${supplement}`.trim().slice(0, diagnosticLengthMax),
    remoteHost: typed(of('remote-mta')).replace(/\s.*$/, '').replace(/\.$/, '').toLowerCase(),
  };
}

function hasHost(address: string): boolean {
  return /[^@\s]@[^@\s]/.test(address);
}

/** Not a name inside some network: its domain has a dot. */
function isWhole(address: string): boolean {
  return /[^@\s]@[^@\s]{1,250}\.[^@\s.]/.test(address);
}

/** The value behind its type: `rfc822; a@b` → a@b. */
function typed(value: string): string {
  const bare = value.replace(/^[A-Za-z0-9-]{1,20}\s*;\s*/, '').trim();
  const inner = /<([^<>\s]{1,320})>/.exec(bare)?.[1] ?? bare;
  return inner.replace(/^["'](.*)["']$/, '$1').replace(/\s*\(.*$/, '');
}
