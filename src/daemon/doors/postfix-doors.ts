/**
 * Keeps the doors for Postfix open where Postfix asks: follows what `connect` wrote and the main.cf
 * of each instance, and compares main.cf with where the doors are.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { DoorSettings } from '../../config/sections/doors.ts';
import { whereOf } from '../../config/values.ts';
import {
  type DoorName,
  type DoorPlaces,
  doorsAsked,
  doorsDiffer,
  oldAddresses,
  queueDirectoryOf,
  sameAddress,
} from '../../core/checklist/doors.ts';
import { faultText } from '../../lib/error-text.ts';
import type { ListenAddress, Listener } from '../../lib/listener.ts';
import { minuteMs } from '../../lib/time.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Log } from '../../ports/world.ts';
import type { ConnectedReader } from '../base/connected.ts';
import { lookEveryMs } from '../base/connected.ts';
import type { DoorOptions } from '../base/options.ts';
import { startTimer } from '../base/timers.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { openMainFiles } from './main-files.ts';
import { wantedPlaces } from './places.ts';
import { isTaken, withHolder } from './taken.ts';

export type PostfixDoors = {
  places(): DoorPlaces;
  /** Connections to the milter doors. */
  milters(): number;
  close(): Promise<void>;
};

export type PostfixDoorsDeps = {
  readonly settings: DoorSettings;
  readonly options: DoorOptions;
  /** Nobody chose the ports: a free one will do. */
  readonly movable: boolean;
  readonly state: string;
  readonly log: Log;
  readonly troubles: Troubles;
  readonly connected: ConnectedReader;
  /** postfix.config_directory, or the system's own. */
  readonly configDirectory: string;
  readonly open: (name: DoorName, where: ListenAddress) => Promise<Listener>;
  /** Called when an address has been opened or closed. */
  readonly changed: (places: DoorPlaces) => void;
};

/** Where `postern connect postfix` looks without being told. */
export const systemDirectory = '/etc/postfix';
const names = ['milter', 'inbound', 'policy'] as const satisfies readonly DoorName[];
/** main.cf is compared when it changes, and this often. */
const compareEveryMs = minuteMs;

/** Throws OperatorError if a door that the operator chose cannot be opened. */
export async function openPostfixDoors(deps: PostfixDoorsDeps): Promise<PostfixDoors> {
  const doors = new Following(deps);
  try {
    await doors.look('start');
  } catch (cause) {
    await doors.close(); // an open door would keep a guard alive that cannot start
    throw cause;
  }
  let looking = Promise.resolve();
  let busy = false;
  const look = async (): Promise<void> => {
    try {
      await doors.look('later');
    } catch (cause) {
      deps.log('error', 'door.look-failed', { why: faultText(cause) });
    } finally {
      busy = false;
    }
  };
  const stop = startTimer(lookEveryMs, () => {
    if (busy) return;
    busy = true;
    looking = look();
  });
  return {
    places: () => doors.places(),
    milters: () => doors.milters(),
    async close() {
      stop();
      await looking;
      await doors.close();
    },
  };
}

class Following {
  readonly #deps: PostfixDoorsDeps;
  readonly #files = openMainFiles();
  readonly #sets: Readonly<Record<DoorName, Listeners>>;
  /** Parts with a trouble, so that it can be taken back. */
  #troubled = new Set<string>();
  /** For each Postfix, what its main.cf asks in vain. */
  readonly #differences = new Map<string, string>();
  #comparedAt = Number.NEGATIVE_INFINITY;
  #said = '';
  #toldOld = false;

  constructor(deps: PostfixDoorsDeps) {
    this.#deps = deps;
    // A socket of systemd cannot be opened again, so it stays.
    const mayStay = (address: string): boolean => this.#isActivated(address) || isThere(address);
    const set = (name: DoorName): Listeners =>
      openListeners({ open: (address) => this.#open(name, address), isThere: mayStay });
    this.#sets = { milter: set('milter'), inbound: set('inbound'), policy: set('policy') };
  }

  places(): DoorPlaces {
    const { inbound, milter, policy } = this.#sets;
    return {
      milter: milter.addresses(),
      inbound: inbound.addresses(),
      policy: policy.addresses(),
    };
  }

  milters(): number {
    return this.#sets.milter.connections() + this.#sets.inbound.connections();
  }

  async close(): Promise<void> {
    const { inbound, milter, policy } = this.#sets;
    // The policy door stays open until the messages under way are through: Postfix asks it for each
    // recipient, and its question must not wait for the next guard.
    await Promise.all([milter.close(), inbound.close()]);
    await policy.close();
  }

  async look(when: 'start' | 'later'): Promise<void> {
    const { settings, options } = this.#deps;
    const known = this.#deps.connected.read();
    const directories = this.#directories();
    const hasChanged = this.#files.look(directories);
    const wanted = wantedPlaces({
      settings,
      auto: options.installed ? 'sockets' : 'loopback',
      activated: options.activated.map(({ address }) => address),
      instances: known?.instances ?? [],
      asked: directories.map((directory) => this.#asked(directory)),
      connectedBefore: known !== undefined && known.instances === undefined,
      open: this.places(),
    });
    const troubles = new Map<string, string>();
    const asked = this.#askedByPostfix(directories);
    for (const name of names) await this.#follow(name, wanted[name], { when, troubles, asked });
    this.#tellOld();
    const places = this.places();
    const text = JSON.stringify(places);
    const hasMoved = text !== this.#said;
    this.#said = text;
    if (hasMoved && when === 'later') {
      this.#deps.log('info', 'door.changed', places);
      this.#deps.changed(places);
    }
    const isTime = performance.now() - this.#comparedAt >= compareEveryMs;
    if (hasChanged || hasMoved || isTime) this.#compare(directories);
    this.#trouble(troubles);
  }

  /** Folders of the connected instances; before any, the system's own if Postern is installed. */
  #directories(): readonly string[] {
    const known = this.#deps.connected.read();
    if (known?.instances !== undefined) {
      return known.instances.map(({ configDirectory }) => configDirectory);
    }
    if (known !== undefined) return [known.configDirectory];
    return this.#deps.options.installed ? [this.#deps.configDirectory] : [];
  }

  #asked(directory: string): DoorPlaces | undefined {
    const main = this.#files.of(directory);
    return main === undefined ? undefined : doorsAsked(main, this.#queueOf(directory));
  }

  /** Every address that a main.cf names, or that `connect` wrote there. */
  #askedByPostfix(directories: readonly string[]): ReadonlySet<string> {
    const instances = this.#deps.connected.read()?.instances ?? [];
    const written = instances.flatMap(({ doors, queueDirectory }) =>
      names.map((name) => sameAddress(doors[name], queueDirectory)),
    );
    const named = directories.flatMap((directory) =>
      Object.values(this.#asked(directory) ?? {}).flat(),
    );
    return new Set([...written, ...named]);
  }

  #queueOf(directory: string): string {
    const instances = this.#deps.connected.read()?.instances;
    const found = instances?.find(({ configDirectory }) => configDirectory === directory);
    const main = this.#files.of(directory);
    return found?.queueDirectory ?? (main === undefined ? '' : queueDirectoryOf(main));
  }

  async #follow(
    name: DoorName,
    wanted: readonly string[],
    to: {
      readonly when: 'start' | 'later';
      readonly troubles: Map<string, string>;
      readonly asked: ReadonlySet<string>;
    },
  ): Promise<void> {
    const set = this.#sets[name];
    const isAutomatic = name === 'inbound' || this.#deps.settings[name] === 'auto';
    // So that `postern try` and a first look work before Postfix is connected.
    const last =
      isAutomatic && this.#deps.options.installed && name !== 'inbound'
        ? `unix:${join(this.#deps.state, `${name}.sock`)}`
        : undefined;
    const isOpen = (): boolean => last !== undefined && set.addresses().includes(last);
    const more = last === undefined ? wanted : [...wanted, last];
    const faults = await set.follow(isOpen() ? more : wanted);
    for (const [address, fault] of faults) {
      if (to.when === 'start' && !(isAutomatic && this.#deps.options.installed)) throw fault;
      to.troubles.set(`door ${name} ${address}`, faultText(fault));
    }
    for (const address of set.addresses()) {
      // systemd removes the sockets of an instance that is not connected any more.
      if (isThere(address) || !to.asked.has(address)) continue;
      const why = `the socket ${address} is gone; run: systemctl restart postern.socket postern`;
      to.troubles.set(`door ${name} ${address}`, why);
    }
    const others = set.addresses().filter((address) => address !== last);
    if (others.length === 0 && !isOpen()) await set.follow(more);
    if (others.length > 0 && isOpen()) await set.follow(wanted);
  }

  #isActivated(address: string): boolean {
    return this.#deps.options.activated.some((one) => one.address === address);
  }

  /** Opens one address; on a free port if its own is taken and nobody chose it. */
  async #open(name: DoorName, address: string): Promise<Listener> {
    const { log, movable, open, options, settings, state } = this.#deps;
    const activated = options.activated.find((one) => one.address === address);
    if (activated !== undefined) return open(name, { fd: activated.fd, name: address });
    const isOwn = address.startsWith(`unix:${state}/`);
    const mode = isOwn ? 0o600 : Number.parseInt(settings.socket_mode, 8);
    const where = whereOf(address, mode);
    if (where === undefined) throw new Error(`no address: ${address}`);
    try {
      return await open(name, where);
    } catch (cause) {
      const mayMove = movable && 'port' in where && isTaken(cause);
      if (!mayMove) throw await withHolder(cause, where, address);
      log('info', 'door.moved', { wanted: address });
      return open(name, { host: where.host, port: 0 });
    }
  }

  #tellOld(): void {
    if (this.#toldOld || !this.#deps.options.installed) return;
    const { milter, policy } = this.#deps.settings;
    const open = [
      ...(milter === 'auto' ? this.#sets.milter.addresses() : []),
      ...(policy === 'auto' ? this.#sets.policy.addresses() : []),
    ];
    const old = Object.values(oldAddresses).filter((address) => open.includes(address));
    if (old.length === 0) return;
    this.#toldOld = true;
    this.#deps.log('warn', 'door.old-address', { addresses: old, run: 'postern connect postfix' });
  }

  #compare(directories: readonly string[]): void {
    this.#comparedAt = performance.now();
    this.#differences.clear();
    for (const directory of directories) {
      const main = this.#files.of(directory);
      if (main === undefined) continue;
      const differ = doorsDiffer(main, this.#queueOf(directory), this.places());
      if (differ.length === 0) continue;
      const which = directory === systemDirectory ? '' : ` --config-dir ${directory}`;
      const why = `${directory}/${differ.join('; ')}; run: postern connect postfix${which}`;
      this.#differences.set(`postfix ${directory}`, why);
    }
  }

  #trouble(doors: ReadonlyMap<string, string>): void {
    const now = new Map([...doors, ...this.#differences]);
    for (const part of this.#troubled) {
      if (!now.has(part)) this.#deps.troubles.set(part, undefined);
    }
    for (const [part, why] of now) this.#deps.troubles.set(part, why);
    this.#troubled = new Set(now.keys());
  }
}

function isThere(address: string): boolean {
  if (!address.startsWith('unix:')) return true;
  const path = address.slice('unix:'.length);
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}
