/**
 * Checks MTA-STS (RFC 8461): the record, the host of the policy, and the policy file. The policy
 * must name the real MX hosts of the domain; otherwise senders that follow it cannot deliver.
 */

import type { DnsLookup } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import {
  allowsMx,
  type MtaStsPolicy,
  mtaStsKind,
  parseMtaStsPolicy,
  parseMtaStsRecord,
  printMtaStsPolicy,
} from '../../formats/tls/mta-sts.ts';
import { hash53 } from '../../lib/hash.ts';
import { type Finding, fine } from '../finding.ts';
import {
  type AddressRecord,
  type Aspect,
  type AspectSubject,
  brokenAspect,
  comparedAspect,
  isMeant,
  meantTexts,
  nothing,
  recordOf,
  textsAt,
  together,
  txt,
  unknownAspect,
} from './aspect.ts';
import type { Identity } from './identity.ts';
import { placeOf, type ZoneView } from './zones/place.ts';

/**
 * Senders keep a policy for 7 days: long enough to protect, short enough to move the mail server.
 */
const maxAgeSeconds = 604_800;

/** `mx`: the hosts that mail goes to; undefined if not known. */
export function* mtaStsAspect(
  identity: Identity,
  mx: readonly string[] | undefined,
  view: ZoneView,
): DnsLookup<Aspect> {
  const { domain, mtaSts } = identity;
  const name = `_mta-sts.${domain}`;
  const subject: AspectSubject = {
    id: 'mta-sts',
    title: `the MTA-STS record of ${domain}`,
    name,
    type: 'TXT',
  };
  const place = yield* textsAt(name, isMeant(mtaStsKind), view);
  const wished = mtaSts !== 'off';
  if (place.kind === 'unknown') return wished ? unknownAspect(subject, place.why) : nothing;
  const { published, texts, broken, unclear, hint } = meantTexts(place.records, mtaStsKind);
  if (unclear !== undefined) {
    return brokenAspect(subject, published, { version: mtaStsKind.version, why: unclear });
  }
  const any = published.length > 0;
  if ((!wished && !any) || (mx !== undefined && mx.length === 0 && !any)) return nothing;
  const policy = judgePolicy(identity, mx);
  const ids = texts.map((one) => parseMtaStsRecord(one)?.id);
  const fresh = policy.kind === 'wanted' ? idOf(policy.text) : undefined;
  const good = ids.length === 1 && ids[0] !== undefined && broken === undefined;
  if (!good && fresh === undefined && policy.kind !== 'good') {
    return together([unknownAspect(subject, policy.why), policyAspect(identity, policy)]);
  }
  const id = good && (fresh === undefined || fresh === ids[0]) ? ids[0] : (fresh ?? policy.id);
  const keep = good && ids[0] === id;
  const record = comparedAspect(subject, place, {
    published,
    wanted: keep ? published : [txt(place.name, `v=STSv1; id=${id}`)],
    severity: any && !good ? 'fail' : 'warn',
    right: 'senders see that there is a policy',
    wrong: broken ?? recordFault(ids),
    hint,
  });
  return together([record, yield* policyHost(identity, view), policyAspect(identity, policy)]);
}

function recordFault(ids: readonly (string | undefined)[]): string {
  if (ids.length === 0) return 'without this record no sending server looks for the policy';
  if (ids.length > 1) return `there are ${ids.length} records, so none of them counts`;
  return ids[0] === undefined
    ? 'its id cannot be read'
    : 'the policy will change, so its id must change too';
}

type PolicyView =
  | { readonly kind: 'good'; readonly why: string; readonly id: string; readonly text: string }
  | {
      readonly kind: 'wanted';
      readonly why: string;
      readonly id: string;
      readonly text: string;
      readonly there: boolean;
    }
  | { readonly kind: 'unknown'; readonly why: string; readonly id: string };

function judgePolicy(identity: Identity, mx: readonly string[] | undefined): PolicyView {
  const { policyFile, mtaSts } = identity;
  if (policyFile.kind === 'unknown') return { kind: 'unknown', why: policyFile.why, id: '' };
  if (mx === undefined) {
    return { kind: 'unknown', why: 'the MX hosts of the domain are not known', id: '' };
  }
  const read = policyFile.kind === 'text' ? parseMtaStsPolicy(policyFile.text) : undefined;
  const now = read?.ok === true ? read.value : undefined;
  const fault = policyFault(identity, now, mx) ?? undefined;
  if (policyFile.kind === 'text' && now !== undefined && fault === undefined) {
    const why = `mode ${now.mode}, and every MX is among its mx`;
    return { kind: 'good', why, id: idOf(policyFile.text), text: policyFile.text };
  }
  const mode = mx.length === 0 ? 'none' : mtaSts === 'off' ? (now?.mode ?? 'testing') : mtaSts;
  const wanted: MtaStsPolicy = {
    mode,
    maxAgeSeconds: now === undefined || now.maxAgeSeconds === 0 ? maxAgeSeconds : now.maxAgeSeconds,
    mx: [...mx],
  };
  const text = printMtaStsPolicy(wanted);
  const why =
    policyFile.kind === 'none'
      ? policyFile.why
      : read?.ok === false
        ? read.error
        : (fault ?? 'it is not as it should be');
  return { kind: 'wanted', why, id: idOf(text), text, there: policyFile.kind === 'text' };
}

function policyFault(
  { mtaSts }: Identity,
  policy: MtaStsPolicy | undefined,
  mx: readonly string[],
): string | undefined {
  if (policy === undefined) return undefined;
  if (mx.length > 0 && mtaSts !== 'off' && policy.mode !== mtaSts) {
    return `its mode is ${policy.mode}, and you want ${mtaSts}`;
  }
  if (policy.mode === 'none') return undefined;
  const left = mx.find((host) => !allowsMx(policy, host));
  if (left !== undefined) return `mail goes to ${left}, which is not among its mx`;
  return mx.length === 0 ? 'the domain takes no mail' : undefined;
}

/** Changes when the policy changes, and only then. */
function idOf(text: string): string {
  return `p${hash53(text, 0).toString(36)}`;
}

function policyAspect({ domain }: Identity, policy: PolicyView): Aspect {
  const id = 'mta-sts.policy';
  const url = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  const title = `the MTA-STS policy of ${domain}`;
  if (policy.kind === 'unknown') {
    const fix = `check that you can read ${url}`;
    const finding: Finding = {
      id,
      kind: 'unknown',
      title,
      found: policy.why,
      wanted: 'the policy',
      fix,
    };
    return { steps: [], files: [], findings: [finding] };
  }
  const { text, why } = policy;
  const state = policy.kind === 'good' ? 'have' : policy.there ? 'wrong' : 'missing';
  const finding: Finding =
    policy.kind === 'good'
      ? fine(id, title, why)
      : {
          id,
          kind: policy.there ? 'fail' : 'warn',
          title,
          found: why,
          wanted: text.trim().replaceAll('\r\n', ' | '),
          fix: `serve this text as ${url}`,
        };
  return { steps: [], files: [{ id, state, url, text, why }], findings: [finding] };
}

const isAddress = (one: DnsRecord): one is AddressRecord => one.type === 'A' || one.type === 'AAAA';

/** The host that serves the policy file; without a published address, this server. */
function* policyHost({ domain, server }: Identity, view: ZoneView): DnsLookup<Aspect> {
  const name = `mta-sts.${domain}`;
  const subject = {
    id: 'mta-sts.host',
    title: `host of the MTA-STS policy, ${name}`,
    name,
  } as const;
  const v4 = yield* placeOf({ name, type: 'A', fits: isAddress }, view);
  const v6 = yield* placeOf({ name, type: 'AAAA', fits: isAddress }, view);
  for (const one of [v4, v6]) {
    if (one.kind === 'unknown') return unknownAspect({ ...subject, type: 'A' }, one.why);
  }
  if (v4.kind !== 'known' || v6.kind !== 'known') return nothing;
  const type = v4.records.length === 0 && v6.records.length > 0 ? 'AAAA' : 'A';
  const { records: published } = type === 'A' ? v4 : v6;
  const mine = server?.addresses ?? [];
  const given = mine.filter((one) => !one.includes(':'));
  const family = given.length > 0 ? 'A' : 'AAAA';
  const wanted =
    published.length > 0
      ? published
      : (given.length > 0 ? given : mine).map((address) =>
          recordOf(name, { type: family, address }),
        );
  const used = published.length > 0 ? type : family;
  return comparedAspect({ ...subject, type: used }, used === 'A' ? v4 : v6, {
    wanted,
    severity: 'warn',
    right: 'the host of the policy has an address',
    wrong: 'the policy is fetched from this host by HTTPS',
  });
}
