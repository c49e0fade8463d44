/**
 * Reads the ARC sets of a message (RFC 8617 section 4): three fields for each server that forwarded
 * it. This file checks what needs no key: whether the sets are complete, and whether the seals
 * agree with each other.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import { type HeaderField, headerKey } from '../dkim/header-canonical.ts';
import { parseTagList, type TagList } from '../dkim/tag-list.ts';

export type ArcSet = {
  readonly instance: number;
  /** ARC-Authentication-Results: the results of that server's checks. */
  readonly results: HeaderField;
  /** ARC-Message-Signature: over the message as that server sent it. */
  readonly message: HeaderField;
  /** ARC-Seal: over all sets up to this one. */
  readonly seal: HeaderField;
  readonly messageTags: TagList;
  readonly sealTags: TagList;
};

export type ArcChain =
  | { readonly kind: 'none' }
  /** Ordered by instance, from 1 on without a gap. */
  | { readonly kind: 'whole'; readonly sets: readonly ArcSet[] }
  /** An earlier server marked the chain as broken, so it stays as it is (section 5.1.1). */
  | { readonly kind: 'ended'; readonly instances: number; readonly why: string }
  | { readonly kind: 'broken'; readonly instances: number; readonly why: string };

/** The most instances (section 4.2.1). More are a loop, or an attack on the verifier. */
export const arcInstancesMax = 50;

const parts = {
  'arc-authentication-results': 'results',
  'arc-message-signature': 'message',
  'arc-seal': 'seal',
} as const;
type Part = (typeof parts)[keyof typeof parts];

/** Which of the three fields this is; undefined for other fields. */
function arcPart(name: string): Part | undefined {
  const key = headerKey(name);
  return key in parts ? parts[key as keyof typeof parts] : undefined;
}

/** Finds the chain among the fields of a message. */
export function arcChain(fields: readonly HeaderField[]): ArcChain {
  const found = new Map<number, Partial<Record<Part, HeaderField>>>();
  let why: string | undefined;
  let instances = 0;
  for (const field of fields) {
    const part = arcPart(field.name);
    if (part === undefined) continue;
    const instance = instanceOf(part, field.value);
    if (instance === undefined) {
      why ??= `a field ${headerKey(field.name)} without an instance`;
      continue;
    }
    instances = Math.max(instances, instance);
    const set = found.get(instance) ?? {};
    if (set[part] !== undefined)
      why ??= `two fields ${headerKey(field.name)} of instance ${instance}`;
    found.set(instance, { ...set, [part]: field });
  }
  if (why !== undefined) return { kind: 'broken', instances, why };
  if (instances === 0) return { kind: 'none' };
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= instances; instance++) {
    const set = wholeSet(instance, found.get(instance));
    if (!set.ok) return { kind: 'broken', instances, why: set.error };
    sets.push(set.value);
  }
  return judged(sets);
}

/**
 * The instance of a field, with at most two digits. In seal and signature `i=` may be anywhere; in
 * the results it comes first.
 */
function instanceOf(part: Part, value: string): number | undefined {
  const text =
    part === 'results'
      ? /^\s*i\s*=\s*(\d{1,2})\s*;/i.exec(value)?.[1]
      : /(?:^|;)\s*i\s*=\s*(\d{1,2})\s*(?:;|$)/.exec(value)?.[1];
  const instance = Number(text);
  return instance >= 1 && instance <= arcInstancesMax ? instance : undefined;
}

function wholeSet(
  instance: number,
  set: Partial<Record<Part, HeaderField>> | undefined,
): Result<ArcSet, string> {
  const { results, message, seal } = set ?? {};
  if (results === undefined || message === undefined || seal === undefined) {
    return fault(`instance ${instance} is not complete`);
  }
  const messageTags = parseTagList(message.value);
  const sealTags = parseTagList(seal.value);
  if (!messageTags.ok) return fault(`the signature of instance ${instance}: ${messageTags.error}`);
  if (!sealTags.ok) return fault(`the seal of instance ${instance}: ${sealTags.error}`);
  return ok({
    instance,
    results,
    message,
    seal,
    messageTags: messageTags.value,
    sealTags: sealTags.value,
  });
}

/** Checks what the seals say about the chain before them (section 5.2, steps 2 and 3). */
function judged(sets: readonly ArcSet[]): ArcChain {
  const instances = sets.length;
  const last = sets.at(-1);
  if (last !== undefined && claim(last) === 'fail') {
    const why = `${last.sealTags.get('d') ?? 'a server'} found it broken at instance ${instances}`;
    return { kind: 'ended', instances, why };
  }
  for (const set of sets) {
    const wanted = set.instance === 1 ? 'none' : 'pass';
    if (claim(set) !== wanted) {
      const why = `the seal of instance ${set.instance} says cv=${claim(set).slice(0, 20)}`;
      return { kind: 'broken', instances, why };
    }
    if (set.sealTags.has('h')) {
      return { kind: 'broken', instances, why: `the seal of instance ${set.instance} has h=` };
    }
  }
  return { kind: 'whole', sets };
}

function claim(set: ArcSet): string {
  return (set.sealTags.get('cv') ?? '').toLowerCase();
}
