/** What Amazon SES says of a message in JSON: bounces and complaints. Pure, never throws. */
import { addressKey } from '../message/address.ts';
import { reportedMax, type StatusGroup } from './delivery-status.ts';

export type SesNotice = {
  readonly type: 'bounce' | 'complaint' | 'other';
  readonly recipients: readonly StatusGroup[];
};

const jsonLengthMax = 256 * 1024;

/** Undefined if the text is no such notice. */
export function sesNotice(text: string): SesNotice | undefined {
  const start = text.trimStart().slice(0, jsonLengthMax);
  if (!start.startsWith('{') || !/"(?:notification|event)Type"/.test(start)) return undefined;
  const line = start.split('\n', 1)[0] ?? '';
  const whole = parsed(line) ?? parsed(start);
  if (whole === undefined) return damaged(start);
  const said = whole['notificationType'] ?? whole['eventType'];
  const bounced = recipientsIn(whole['bounce'], 'bouncedRecipients');
  const complained = recipientsIn(whole['complaint'], 'complainedRecipients');
  if (said === 'Bounce') return { type: 'bounce', recipients: bounced };
  if (said === 'Complaint') return { type: 'complaint', recipients: complained };
  return { type: 'other', recipients: [] };
}

/** Cut off, or folded in the middle of a word: its type and addresses can still be read. */
function damaged(text: string): SesNotice {
  const said = /"(?:notification|event)Type"\s{0,4}:\s{0,4}"([A-Za-z]{1,20})"/.exec(text)?.[1];
  if (said !== 'Bounce' && said !== 'Complaint') return { type: 'other', recipients: [] };
  const found = text.matchAll(/"emailAddress"\s{0,4}:\s{0,4}"([^"\s]{1,320})"/g);
  const rest = { action: '', status: '', diagnostic: '', remoteHost: '' };
  const recipients = [...found]
    .slice(0, reportedMax)
    .map(([, address = '']) => ({ ...rest, recipient: addressKey(address) }));
  return { type: said === 'Bounce' ? 'bounce' : 'complaint', recipients };
}

type Json = { readonly [key: string]: unknown };

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function recipientsIn(about: unknown, name: string): readonly StatusGroup[] {
  const list: unknown = isJson(about) ? about[name] : undefined;
  if (!Array.isArray(list)) return [];
  return list.slice(0, reportedMax).flatMap((one: unknown) => {
    if (!isJson(one)) return [];
    const of = (key: string): string => {
      const value = one[key];
      return typeof value === 'string' ? value.slice(0, 4_000) : '';
    };
    const recipient = addressKey(of('emailAddress'));
    const action = of('action').toLowerCase();
    const diagnostic = of('diagnosticCode').replace(/^smtp\s*;\s*/i, '');
    return [{ recipient, action, status: of('status'), diagnostic, remoteHost: '' }];
  });
}
