/**
 * The guards that an attacker plays against: that of today, and that of version 0.1 out of the git
 * history. Both read the documented lines of `postern replay` and answer with its verdicts.
 */
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { noCeilings } from '../../../src/core/account/policy.ts';
import type { Account } from '../../../src/core/account-name.ts';
import type { ReplayEvent } from '../../../src/core/event.ts';
import type { ReachNumbers } from '../../../src/core/reach/bound.ts';
import { openReplay, type ReplayVerdict } from '../../../src/flow/replay/replay.ts';
import { parseEvent } from '../../../src/flow/replay/replay-event.ts';
import type { Result } from '../../../src/lib/result.ts';
import type { Millis } from '../../../src/lib/time.ts';

/** A line of a recording, with its time as a number. */
export type Line = Readonly<Record<string, unknown>> & { readonly at: Millis };

export type Answer = Pick<ReplayVerdict, 'id' | 'verdict' | 'account' | 'told' | 'left'>;

/** What a version makes of a line; undefined: it does not know lines of this type. */
type Event = unknown;

export type Version = {
  readonly name: string;
  read(line: Line): Event | undefined;
  /** A replay that has seen nothing. It answers a `send` with a verdict. */
  open(): {
    apply(event: Event): Answer | undefined;
    /** The bound that it prints; undefined: it prints none. */
    bound?(account: string): ReachNumbers | undefined;
  };
};

const readTime = (text: string): number => Date.parse(text);

function reader(
  parse: (line: string, readTime: (text: string) => number) => Result<unknown, string>,
): Version['read'] {
  return (line) => {
    const read = parse(JSON.stringify({ ...line, at: new Date(line.at).toISOString() }), readTime);
    if (read.ok) return read.value;
    if (line['type'] === 'receive') return undefined;
    throw new Error(`${read.error}: ${JSON.stringify(line)}`);
  };
}

export const today: Version = {
  name: 'today',
  read: reader(parseEvent),
  open() {
    const replay = openReplay({ policy: noCeilings, operatorClearsMs: undefined });
    return {
      apply: (event) => replay.apply(event as ReplayEvent),
      bound: (account) => replay.bound(account as Account)?.most,
    };
  },
};

/** The last commit of version 0.1 (test/fixtures/0.1/README.md). */
const firstCommit = '43a0e7d';
const home = resolve(import.meta.dirname, '../../..');

/** Version 0.1, unpacked into `folder`; or why it cannot be had. */
export async function firstVersion(folder: string): Promise<Version | string> {
  const packed = spawnSync('git', ['-C', home, 'archive', firstCommit, 'src', 'package.json'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (packed.status !== 0) return `commit ${firstCommit} is not in this clone`;
  const unpacked = spawnSync('tar', ['-x', '-C', folder], { input: packed.stdout });
  if (unpacked.status !== 0) return 'tar cannot unpack it';
  symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(folder, 'src', file)).href);
  const flow = (await load('flow/replay.ts')) as { readonly openReplay: typeof openReplay };
  const events = (await load('flow/replay-event.ts')) as { readonly parseEvent: typeof parseEvent };
  const core = (await load('core/policy.ts')) as { readonly noCeilings: typeof noCeilings };
  return {
    name: 'version 0.1',
    read: reader(events.parseEvent),
    open() {
      const options = { policy: core.noCeilings, operatorClearsMs: undefined };
      const replay = flow.openReplay(options);
      return { apply: (event) => replay.apply(event as ReplayEvent) };
    },
  };
}
