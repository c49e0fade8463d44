/**
 * Who may say that it speaks for another client (XCLIENT) or pass on what it knows of one
 * (XFORWARD). With XCLIENT a program on this machine can claim any address and any login. Pure.
 */
import type { MainCf } from '../../../formats/postfix/main-cf.ts';
import { type MasterCf, override } from '../../../formats/postfix/master-cf.ts';
import { parseNetwork } from '../../../formats/postfix/network-list.ts';
import { expandedValue, smtpdServices } from '../../../formats/postfix/services.ts';
import type { ChecklistItem } from '../items/item.ts';
import { type Commands, inPlace, type Judged, type KnownMeasure, unknown } from './judged.ts';

export type XclientFacts = { readonly main: MainCf; readonly master: MasterCf };

const known: KnownMeasure = {
  id: 'mail.xclient',
  title: 'No program here may claim to be another client (XCLIENT)',
  effort: 'minutes',
  cost: 'free',
  effect: 'A web script on this machine cannot send as any user without a password.',
  requiredBy: [],
};

export function xclientItem(facts: XclientFacts | undefined, commands: Commands): ChecklistItem {
  const judged =
    facts === undefined
      ? unknown(
          'there is no Postfix to read',
          'apt-get install postfix, or name its folder: --config-dir',
        )
      : judge(facts, commands);
  return { ...known, ...judged };
}

type Width = 'loopback' | 'network' | 'host' | 'table';
type Grant = { readonly service: string; readonly word: string; readonly width: Width };

function widthOf(word: string): Width {
  const isLocal = /^(?:localhost(?:\..*)?|127\..*|\[?::1\]?(?:\/.*)?)$/i;
  if (isLocal.test(word)) return 'loopback';
  const network = parseNetwork(word);
  if (network !== undefined) {
    const isAll = network.bits === 0;
    const isOne = network.bits === network.address.octets.length * 8;
    return isAll || !isOne ? 'network' : 'host';
  }
  if (/^static:/.test(word) || word.startsWith('.')) return 'network';
  return /[:/]/.test(word) ? 'table' : 'host';
}

function grants(
  { main, master }: XclientFacts,
  parameter: string,
): readonly (Grant & { readonly isOption: boolean; readonly takesBack: boolean })[] {
  return smtpdServices(main, master).flatMap(({ role, service }) =>
    expandedValue(main, service, parameter)
      .split(/[\s,]+/)
      .filter((word) => word !== '' && !word.startsWith('!'))
      .map((word) => ({
        service: service.name,
        word,
        width: widthOf(word),
        isOption: override(service, parameter) !== undefined,
        takesBack: role === 'reinjection',
      })),
  );
}

const named = (some: readonly Grant[]): string =>
  [...new Set(some.map(({ service, word }) => `${word} at ${service}`))].join(', ');

function judge(facts: XclientFacts, commands: Commands): Judged {
  const clients = grants(facts, 'smtpd_authorized_xclient_hosts');
  const wide = clients.filter(({ width }) => width === 'loopback' || width === 'network');
  if (wide.length > 0) {
    const isInMain = wide.every(({ isOption }) => !isOption);
    return {
      state: 'broken',
      found: `XCLIENT is open to ${named(wide)}: programs there may claim any address and login`,
      fix:
        'empty smtpd_authorized_xclient_hosts; if a proxy on this machine needs it, give the ' +
        'proxy an address of its own, and name that address alone',
      command: isInMain ? commands.postconf('smtpd_authorized_xclient_hosts=') : '',
    };
  }
  const forwards = grants(facts, 'smtpd_authorized_xforward_hosts').filter(
    ({ takesBack, width }) => width === 'network' || (width === 'loopback' && !takesBack),
  );
  if (forwards.length > 0) {
    const isInMain = forwards.every(({ isOption }) => !isOption);
    return {
      state: 'missing',
      found:
        `XFORWARD is open to ${named(forwards)}, not only where a filter returns mail: programs ` +
        'there can put a false client into the log',
      fix: 'set smtpd_authorized_xforward_hosts only for the service where the filter returns mail',
      command: isInMain ? commands.postconf('smtpd_authorized_xforward_hosts=') : '',
    };
  }
  const tables = clients.filter(({ width }) => width === 'table');
  if (tables.length > 0) {
    return unknown(`XCLIENT is open to ${named(tables)}, which is not read`, 'read that table');
  }
  if (clients.length === 0) return inPlace('XCLIENT is off, as by default');
  return inPlace(`XCLIENT is open to ${named(clients)} alone`);
}
