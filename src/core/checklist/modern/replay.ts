/**
 * Whether a thief of one signed message can send changed copies that still verify: text added at
 * the end (`l=`), fields added that the signature does not cover (RFC 6376 sections 8.2 and 8.15).
 * Pure.
 */
import { textIn } from '../../../formats/filters/rspamd-conf.ts';
import type { Ucl, UclBlock } from '../../../formats/filters/ucl.ts';
import type { ChecklistItem } from '../items/item.ts';
import { inPlace, type Judged, type KnownMeasure, notNeeded, unknown } from './judged.ts';

export type SignerFacts = {
  /** `Postern`, `OpenDKIM`, `rspamd`. */
  readonly name: string;
  /** The setting by which signatures cover only a part of the body; empty without. */
  readonly partOfBody: string;
  /** Fields of `exposed` that can be added to a signed message. */
  readonly addable: readonly string[];
  /** Signatures end (`x=`). */
  readonly expires: boolean;
};

/** Fields that readers show or answer to; an added one changes what the message says. */
const exposed = ['from', 'to', 'cc', 'subject', 'reply-to'] as const;

const known: KnownMeasure = {
  id: 'signing.replay',
  title: 'A copy of a signed message cannot be changed without breaking its signature',
  effort: 'hours',
  cost: 'free',
  effect: 'Thieves who send one signed message a million times cannot change what it says.',
  requiredBy: [],
};

/** Our own signer covers the whole body, and lists these fields once more than they occur. */
export const ownSigner: SignerFacts = {
  name: 'Postern',
  partOfBody: '',
  addable: [],
  expires: false,
};

/** `unread`: what could not be looked at, so that there may be more signers; empty: nothing. */
export function replayItem(signers: readonly SignerFacts[], unread = ''): ChecklistItem {
  const judged = judge(signers);
  const isOpen = judged.state === 'broken' || judged.state === 'missing';
  if (unread === '' || isOpen) return { ...known, ...judged };
  return { ...known, ...unknown(`not all signers are known: ${unread}`, 'run it as root') };
}

function judge(signers: readonly SignerFacts[]): Judged {
  if (signers.length === 0) return notNeeded('nothing signs here, as far as Postern can see');
  const part = signers.filter(({ partOfBody }) => partOfBody !== '');
  if (part.length > 0) {
    const found = part.map(
      ({ name, partOfBody }) => `${name} signs only a part of the body (${partOfBody})`,
    );
    const fix = 'remove that setting, so that signatures have no l=; then restart the signer';
    return { state: 'broken', found: found.join('; '), fix, command: '' };
  }
  const open = signers.filter(({ addable }) => addable.length > 0);
  if (open.length > 0) {
    const found = open.map(
      ({ name, addable }) => `in mail that ${name} signs, ${addable.join(', ')} can be added`,
    );
    const fix = open.map(({ name }) => fixes[name] ?? '').join('; ');
    return { state: 'missing', found: found.join('; '), fix, command: '' };
  }
  const names = signers.map(({ name }) => name).join(' and ');
  const lasting = signers.some(({ expires }) => !expires);
  return inPlace(
    `${names} ${signers.length === 1 ? 'covers' : 'cover'} the whole body and all fields that ` +
      'readers show' +
      (lasting ? '; an unchanged copy verifies as long as the key is published' : ''),
  );
}

const fixes: Readonly<Record<string, string>> = {
  OpenDKIM:
    'in opendkim.conf set OversignHeaders From,To,Cc,Subject,Reply-To, or let Postern sign: ' +
    'postern dkim import opendkim',
  rspamd:
    'in dkim_signing.conf put (o) before these fields in sign_headers, or let Postern sign: ' +
    'postern dkim import rspamd',
};

/** `settings`: of opendkim.conf, names in lower case. */
export function opendkimSigner(settings: ReadonlyMap<string, string>): SignerFacts | undefined {
  // v alone: it only verifies. Without the setting it does both.
  if (!(settings.get('mode') ?? 'sv').includes('s')) return undefined;
  const cuts = ['BodyLengthDB', 'MaximumSignedBytes'].filter((name) =>
    settings.has(name.toLowerCase()),
  );
  const list = (settings.get('oversignheaders') ?? '').toLowerCase().split(/[\s,]+/);
  return {
    name: 'OpenDKIM',
    partOfBody: cuts.join(', '),
    addable: exposed.filter((name) => !list.includes(name)),
    expires: settings.has('signaturettl'),
  };
}

/** `block`: the settings of the module dkim_signing. */
export function rspamdSigner(block: UclBlock): SignerFacts | undefined {
  if (/^(?:false|no|off|0)$/i.test(textIn(block, 'enabled') ?? '')) return undefined;
  const fields = listed(block.get('sign_headers'));
  return {
    name: 'rspamd',
    partOfBody: '',
    // By default rspamd lists all of them once more.
    addable: fields === undefined ? [] : exposed.filter((name) => !fields.includes(`(o)${name}`)),
    expires: false,
  };
}

function listed(value: Ucl | undefined): readonly string[] | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.toLowerCase().split(/[\s:]+/);
}
