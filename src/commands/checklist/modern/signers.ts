/** Which signers sign here, read from their configuration files. */
import { existsSync } from 'node:fs';
import { namesSocket } from '../../../core/checklist/modern/milters.ts';
import {
  opendkimSigner,
  ownSigner,
  rspamdSigner,
  type SignerFacts,
} from '../../../core/checklist/modern/replay.ts';
import { readOpendkimConf } from '../../../formats/filters/opendkim-conf.ts';
import { readRspamdConf } from '../../../formats/filters/rspamd-conf.ts';
import { type MainCf, mainValue } from '../../../formats/postfix/main-cf.ts';
import type { MasterCf } from '../../../formats/postfix/master-cf.ts';
import { expandedValue } from '../../../formats/postfix/services.ts';
import { openFiles } from '../../dkim/import-sources.ts';

export type SignerPlaces = { readonly opendkim: string; readonly rspamd: string };

const signerPlaces: SignerPlaces = {
  opendkim: '/etc/opendkim.conf',
  rspamd: '/etc/rspamd/modules.d/dkim_signing.conf',
};
/** Where rspamd's proxy listens for Postfix, as Debian sets it. */
const rspamdSocket = 'inet:11332';

type ReadMilters = { readonly main: MainCf; readonly master: MasterCf };

/** `ownKeys`: Postern has keys of its own. */
export function signersSeen(
  postfix: ReadMilters | undefined,
  ownKeys: boolean,
  places: SignerPlaces = signerPlaces,
): readonly SignerFacts[] {
  const milters = postfix === undefined ? '' : miltersOf(postfix);
  const files = openFiles();
  const found: (SignerFacts | undefined)[] = ownKeys ? [ownSigner] : [];
  const conf = existsSync(places.opendkim) ? files.text(places.opendkim) : undefined;
  if (conf !== undefined) {
    const { settings } = readOpendkimConf(conf, files.text);
    const socket = settings.get('socket') ?? '';
    if (socket !== '' && namesSocket(milters, socket)) found.push(opendkimSigner(settings));
  }
  if (namesSocket(milters, rspamdSocket) || /rspamd/.test(milters)) {
    const text = existsSync(places.rspamd) ? files.text(places.rspamd) : undefined;
    const block = text === undefined ? undefined : readRspamdConf(places.rspamd, text, files).block;
    if (block !== undefined) found.push(rspamdSigner(block));
  }
  return found.filter((one) => one !== undefined);
}

function miltersOf({ main, master }: ReadMilters): string {
  const ofServices = master.services.map((service) =>
    expandedValue(main, service, 'smtpd_milters'),
  );
  return [...ofServices, mainValue(main, 'non_smtpd_milters') ?? ''].join(' ');
}
