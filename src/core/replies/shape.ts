/**
 * The shape of a reply: what is left when everything that differs from one message to the next is
 * replaced by marks. Two replies of one kind have the same shape. Time is linear in the text.
 */
import { replyMax } from './frame.ts';

/** Longest shape: enough to know a reply again. */
const shapeMax = 400;

/** What ends a word. */
const between = /[\s<>()[\]{}"'`,;=|]+/g;

export function replyShape(reply: string): string {
  const text = reply.length > replyMax ? reply.slice(0, replyMax) : reply;
  let shape = '';
  let from = 0;
  for (const gap of text.matchAll(between)) {
    shape += mark(text.slice(from, gap.index)) + plainGap(gap[0]);
    from = gap.index + gap[0].length;
    if (shape.length > shapeMax) return joined(shape).slice(0, shapeMax);
  }
  return joined(shape + mark(text.slice(from))).slice(0, shapeMax);
}

function plainGap(gap: string): string {
  return gap.replace(/\s+/g, ' ');
}

/** Marks of one kind behind each other are one: `N N:N` of a date, lists of addresses. */
function joined(shape: string): string {
  return shape
    .replace(/(N|ID|HOST|IP|TIME)(?:[ :/-]+\1)+/g, '$1')
    .replace(/ {2,}/g, ' ')
    .trim();
}

function mark(word: string): string {
  if (word === '') return '';
  const end = /[.:!?]+$/.exec(word)?.[0] ?? '';
  const bare = end === '' ? word : word.slice(0, -end.length);
  return markBare(bare) + (end.startsWith('.') ? '' : end);
}

/** Words in a fixed order of kinds: addresses, codes, hosts, times, ids. */
function markBare(word: string): string {
  if (/^[a-z]+$/i.test(word) && word.length < 24) return word;
  if (isCode(word)) return word;
  if (word.includes('@')) return 'ADDR';
  if (/^https?:\/\//i.test(word)) return `URL:${hostOfUrl(word)}`;
  if (/^\d{1,3}(?:\.\d{1,3}){3}(?::\d+|\/\d+)?$/.test(word)) return 'IP';
  if (/^[0-9a-f:.]{2,45}$/i.test(word) && word.split(':').length > 2) return timeOrIp(word);
  if (/^\d{4}-\d\d-\d\dT/.test(word)) return 'TIME';
  if (/^[+-]?\d[\d.,:/-]*$/.test(word)) return 'N';
  if (isHost(word)) return 'HOST';
  if (isId(word)) return 'ID';
  return word.replace(/\d{4,}/g, 'N');
}

/** The codes say of which kind a reply is: they stay. */
function isCode(word: string): boolean {
  return /^#?[245]\d\d[-.]?$/.test(word) || /^(?:[245]\d\d-)?#?[245]\.\d{1,3}\.\d{1,3}$/.test(word);
}

function timeOrIp(word: string): string {
  return /^\d\d?:\d\d:\d\d$/.test(word) ? 'TIME' : 'IP';
}

function hostOfUrl(url: string): string {
  const host = /^https?:\/\/([\w.-]{1,255})/i.exec(url)?.[1] ?? '';
  return host.toLowerCase();
}

function isHost(word: string): boolean {
  return word.length < 256 && /^(?:[\w-]+\.)+[a-z][a-z0-9-]*$/i.test(word);
}

/** Long, or mixed of a to z, capitals and digits as no word is: an id. */
function isId(word: string): boolean {
  if (word.length > 40) return true;
  if (word.length < 6) return false;
  const digits = word.replace(/\D+/g, '').length;
  if (digits >= 2 && /[a-z]/i.test(word) && !/^[a-z]+[_-]?\d{1,4}$/i.test(word)) return true;
  return /[a-z][A-Z]+[a-z]+[A-Z]/.test(word) || /[+/=]{1}[A-Za-z0-9+/=]{12,}/.test(word);
}
