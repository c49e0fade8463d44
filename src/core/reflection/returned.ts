/**
 * Does returned mail prove that this server sent the original? Senders are forged, and servers
 * return such mail to the forged address: what cannot prove itself is not ours. Pure.
 */
import { bounceIn } from '../../formats/bounces/bounce.ts';
import { type MailFields, parseMail } from '../../formats/bounces/mail-parts.ts';
import { noticeOf } from '../../formats/bounces/notice.ts';
import { openHeaderBlock } from '../../formats/dkim/header-block.ts';
import { headerKey } from '../../formats/dkim/header-canonical.ts';
import { emptied, parseSignature } from '../../formats/dkim/signature.ts';

/** What returned mail says of the message that it is about. */
export type ReturnedMail = {
  /** `report`: mail came back. `answer`: an automatic reply. `other`: neither can be read in it. */
  readonly kind: 'report' | 'answer' | 'other';
  /** Message-IDs of the original, without brackets. */
  readonly messageIds: readonly string[];
  /** Recipients of the original (address keys). */
  readonly recipients: readonly string[];
  /** Signatures of the original, to be made again and compared. */
  readonly signatures: readonly ReturnedSignature[];
};

export type ReturnedSignature = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly data: Buffer;
  readonly signature: Buffer;
};

export const proofs = ['signature', 'message-id', 'envelope', 'unproven'] as const;
export type ReturnProof = (typeof proofs)[number];

/** Of each kind, so many are compared. */
const idsMax = 20;
const recipientsMax = 50;
const signaturesMax = 2;
/** Message-IDs stand in fields of the notice too: References, Original-Message-ID (RFC 8098). */
const idField = new RegExp(
  '^[ \\t>|]{0,8}(?:(?:resent-|original-)?message-id|references|in-reply-to|' +
    'x-(?:original-)?message-id):[ \\t]{0,8}((?:<[^<>\\s]{3,250}>[ \\t]{0,8}){1,20})',
  'gim',
);
const oneId = /<([^<>\s]{3,250})>/g;

/** `octets`: one a character (latin1). */
export function returnedMail(octets: string): ReturnedMail {
  const mail = parseMail(octets);
  const notice = noticeOf(mail);
  const { kind, recipients } = bounceIn(mail, notice);
  const texts = [octets.replace(/\r?\n[ \t]+(?=<)/g, ' '), ...mail.parts.map(({ text }) => text)];
  return {
    kind:
      kind === 'status' || kind === 'text' ? 'report' : kind === 'auto-reply' ? 'answer' : 'other',
    messageIds: [...new Set(texts.flatMap(idsIn))].slice(0, idsMax),
    recipients: [...new Set(recipients.map(({ recipient }) => recipient))]
      .filter((one) => one !== '')
      .slice(0, recipientsMax),
    signatures: signaturesIn(notice.originalFields),
  };
}

function idsIn(text: string): readonly string[] {
  const found: string[] = [];
  for (const [, ids = ''] of text.matchAll(idField)) {
    for (const [, id = ''] of ids.matchAll(oneId)) found.push(id);
    if (found.length >= idsMax) break;
  }
  return found;
}

/** The data of each signature over the header that was given back; bodies are cut too often. */
function signaturesIn(fields: MailFields): readonly ReturnedSignature[] {
  const own = fields
    .filter(([name]) => headerKey(name) === 'dkim-signature')
    .slice(0, signaturesMax);
  if (own.length === 0) return [];
  const block = openHeaderBlock();
  const made = fields.map(([name, value]) => ({ name, value: ` ${value}` }));
  for (const field of made) block.add(field);
  if (block.overflowed) return [];
  return own.flatMap(([name, value]) => {
    const parsed = parseSignature(` ${value}`);
    // Folds are lost here, so only the relaxed form can be made again (RFC 6376 section 3.4.2).
    if (!parsed.ok || parsed.value.header !== 'relaxed') return [];
    const { algorithm, domain, headers, selector, signature } = parsed.value;
    const field = made.find((one) => one.name === name && one.value === ` ${value}`);
    if (field === undefined) return [];
    const empty = { name, value: emptied(` ${value}`) };
    const data = block.signedData('relaxed', headers, empty, field);
    return [{ domain, selector, algorithm, data, signature }];
  });
}

/** The field that says whether returned mail has a proof. */
export const returnField = 'X-Postern-Return';

export function returnFieldValue(proof: ReturnProof, isYoung: boolean): string {
  if (proof !== 'unproven') return ` proven (${proof})`;
  return isYoung ? ' unknown (sent mail is remembered for a short time only)' : ' unproven';
}
