/**
 * DKIM keys and their states, and the accounts that probation keys belong to. A key that is gone
 * stays, as its selector is never used again; a probation key goes, as its selector is random.
 */
import type { Account } from '../../../core/account-name.ts';
import { type DkimKey, keyStates, sightKinds } from '../../../core/signing/key.ts';
import type { KeyHolder } from '../../../core/signing/probation/plan.ts';
import { dkimAlgorithms } from '../../../formats/dkim/signing-key.ts';
import type { Ledger } from '../../../ports/ledger.ts';
import {
  instant,
  integer,
  oneOf,
  optionalInstant,
  type Row,
  type Statements,
  text,
} from './statements.ts';

export type DkimKeyTable = Pick<Ledger, 'dkimKeys' | 'keyHolders'> & {
  put(row: DkimKey): void;
  putHolder(row: KeyHolder): void;
  forget(key: Pick<DkimKey, 'domain' | 'selector'>): void;
};

export function dkimKeyTable(make: Statements): DkimKeyTable {
  const put = make.command(
    `INSERT OR REPLACE INTO dkim_key (domain, selector, algorithm, bits, public_key, file, state,
       made_at, published_at, seen_at, signing_at, retiring_at, revoked_at, gone_at,
       absent_at, cached_ms, lost_since, answering_since, by_order, returns, told_at, sight,
       sight_at, sight_text, note, use)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = make.query('SELECT * FROM dkim_key ORDER BY domain, made_at, selector');
  const putHolder = make.command(
    `INSERT OR REPLACE INTO dkim_key_holder (domain, selector, account, given_at, used_at)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const holders = make.query('SELECT * FROM dkim_key_holder ORDER BY given_at, domain, selector');
  const forgetKey = make.command('DELETE FROM dkim_key WHERE domain = ? AND selector = ?');
  const forgetHolder = make.command(
    'DELETE FROM dkim_key_holder WHERE domain = ? AND selector = ?',
  );
  return {
    put(key) {
      put(
        key.domain,
        key.selector,
        key.algorithm,
        key.bits,
        key.publicKey,
        key.file,
        key.state,
        ...keyStates.map((state) => key.times[state] ?? null),
        key.absentAt ?? null,
        key.cachedMs,
        key.lostSince ?? null,
        key.answeringSince ?? null,
        key.byOrder ? 1 : 0,
        key.returns ? 1 : 0,
        key.toldAt ?? null,
        key.sight,
        key.sightAt ?? null,
        key.sightText,
        key.note,
        key.use ?? '',
      );
    },
    putHolder({ domain, selector, account, givenAt, usedAt }) {
      putHolder(domain, selector, account, givenAt, usedAt);
    },
    forget({ domain, selector }) {
      forgetKey(domain, selector);
      forgetHolder(domain, selector);
    },
    dkimKeys: () => all.all().map(dkimKey),
    keyHolders: () => holders.all().map(keyHolder),
  };
}

function dkimKey(row: Row): DkimKey {
  return {
    domain: text(row, 'domain'),
    selector: text(row, 'selector'),
    algorithm: oneOf(dkimAlgorithms, row, 'algorithm'),
    bits: integer(row, 'bits'),
    publicKey: text(row, 'public_key'),
    file: text(row, 'file'),
    state: oneOf(keyStates, row, 'state'),
    times: Object.fromEntries(
      keyStates.flatMap((state) => {
        const at = `${state}_at`;
        return row[at] === null ? [] : [[state, instant(row, at)]];
      }),
    ),
    absentAt: optionalInstant(row, 'absent_at'),
    cachedMs: integer(row, 'cached_ms'),
    lostSince: optionalInstant(row, 'lost_since'),
    answeringSince: optionalInstant(row, 'answering_since'),
    byOrder: integer(row, 'by_order') !== 0,
    returns: integer(row, 'returns') !== 0,
    toldAt: optionalInstant(row, 'told_at'),
    sight: oneOf(sightKinds, row, 'sight'),
    sightAt: optionalInstant(row, 'sight_at'),
    sightText: text(row, 'sight_text'),
    note: text(row, 'note'),
    ...(text(row, 'use') === 'probation' ? { use: 'probation' } : {}),
  };
}

function keyHolder(row: Row): KeyHolder {
  return {
    domain: text(row, 'domain'),
    selector: text(row, 'selector'),
    account: text(row, 'account') as Account,
    givenAt: instant(row, 'given_at'),
    usedAt: instant(row, 'used_at'),
  };
}
