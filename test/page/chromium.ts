/**
 * Drives Debian's Chromium over the DevTools protocol with Node alone. It starts Chromium
 * headless in a folder of its own, sends keys as a person does, and collects every error of the
 * page.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = '/usr/bin/chromium';
const startMs = 60_000;
const commandMs = 90_000;
const waitMs = 60_000;

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
};
type Waiting = { resolve(result: Record<string, unknown>): void; reject(error: Error): void };

export type Page = {
  /** Console errors, exceptions, CSP violations and failed requests, in order. */
  readonly complaints: readonly string[];
  goto(url: string): Promise<void>;
  /** Evaluates an expression in the page. Its value must be JSON. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until the expression is truthy. */
  until(expression: string): Promise<void>;
  /**
   * Presses one key once the page is drawn, or `atOnce`: a character, or Tab, Enter, Escape, Space,
   * ArrowUp, ArrowDown.
   */
  press(key: string, how?: { readonly shift?: boolean; readonly atOnce?: boolean }): Promise<void>;
  type(text: string): Promise<void>;
  size(width: number, height: number, how?: { readonly phone: boolean }): Promise<void>;
  scheme(name: 'light' | 'dark'): Promise<void>;
  /** Cuts the page off from the network, also the connections that it has. */
  offline(isCut: boolean): Promise<void>;
  /** As on paper, or with colours that the system chooses; `screen` takes both back. */
  medium(name: 'print' | 'forced-colors' | 'screen'): Promise<void>;
  /** PNG of the window, or of the whole page. */
  screenshot(how?: { readonly whole: boolean }): Promise<Buffer>;
  close(): Promise<void>;
};

export type Browser = {
  /** Opens a page with cookies of its own. */
  open(): Promise<Page>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts a browser. Disposing it ends its processes and removes its folder. */
export async function openChromium(): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-page-'));
  const child = spawn(
    program,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-port=0',
      `--user-data-dir=${folder}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const gone = once(child, 'exit');
      process.kill(-child.pid, 'SIGKILL'); // the whole process group, with all its children
      await gone;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  try {
    const wire = await openWire(await debuggerAddress(child));
    return {
      open: () => openPage(wire),
      async [Symbol.asyncDispose]() {
        wire.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function debuggerAddress(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('no stderr');
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs);
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr });
  try {
    for await (const line of lines) {
      said.push(line);
      const address = /^DevTools listening on (ws:\/\/.*)$/.exec(line)?.[1];
      if (address !== undefined) return address;
    }
  } finally {
    clearTimeout(timer);
    child.stderr.resume();
  }
  throw new Error(`chromium did not start: ${said.slice(-5).join(' / ')}`);
}

type Wire = {
  send(
    method: string,
    params?: Record<string, unknown>,
    sessionId?: string,
  ): Promise<Record<string, unknown>>;
  on(listener: (message: Message) => void): void;
  close(): void;
};

async function openWire(address: string): Promise<Wire> {
  const socket = new WebSocket(address);
  await once(socket, 'open', { signal: AbortSignal.timeout(commandMs) });
  const waiting = new Map<number, Waiting>();
  const listeners: ((message: Message) => void)[] = [];
  let last = 0;
  socket.addEventListener('message', (event) => {
    const message = JSON.parse(String(event.data)) as Message;
    if (message.id === undefined) {
      for (const listener of listeners) listener(message);
      return;
    }
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.result ?? {});
    else asked?.reject(new Error(message.error.message));
  });
  return {
    send(method, params = {}, sessionId) {
      const id = ++last;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), commandMs);
        const settled = (settle: () => void) => {
          clearTimeout(timer);
          settle();
        };
        waiting.set(id, {
          resolve: (result) => settled(() => resolve(result)),
          reject: (error) => settled(() => reject(error)),
        });
        const session = sessionId === undefined ? {} : { sessionId };
        socket.send(JSON.stringify({ id, method, params, ...session }));
      });
    },
    on: (listener) => listeners.push(listener),
    close: () => socket.close(),
  };
}

async function openPage(wire: Wire): Promise<Page> {
  const { browserContextId } = await wire.send('Target.createBrowserContext');
  const made = { url: 'about:blank', browserContextId };
  const { targetId } = await wire.send('Target.createTarget', made);
  const attached = await wire.send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(attached['sessionId']);
  const send = (method: string, params: Record<string, unknown> = {}) =>
    wire.send(method, params, session);
  const complaints: string[] = [];
  wire.on((message) => {
    if (message.sessionId === session) complaints.push(...complaintOf(message));
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);

  async function evaluate<Value>(expression: string): Promise<Value> {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const answer = await send('Runtime.evaluate', asked);
    if (answer['exceptionDetails'] !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(answer['exceptionDetails'])}`);
    }
    return (answer['result'] as { value: Value }).value;
  }
  async function until(expression: string): Promise<void> {
    // Waits inside the page. A navigation in between only means asking again.
    const giveUp = Date.now() + waitMs;
    const asked = `new Promise((done) => {
      const began = performance.now();
      const look = () => {
        if (${expression}) done(true);
        else if (performance.now() - began > 2000) done(false);
        else setTimeout(look, 20);
      };
      look();
    })`;
    while (!(await evaluate<boolean>(asked).catch(() => false))) {
      if (Date.now() < giveUp) continue;
      const text = await evaluate<string>('document.body.innerText.slice(0, 2000)');
      throw new Error(`never true: ${expression}\n${complaints.join('\n')}\n${text}`);
    }
  }
  return {
    complaints,
    evaluate,
    until,
    async goto(url) {
      await send('Page.navigate', { url });
    },
    async press(key, how = {}) {
      if (how.atOnce !== true) await evaluate(shown).catch(() => evaluate(shown));
      const events = keyEvents(key, how.shift === true);
      for (const event of events) await send('Input.dispatchKeyEvent', event);
    },
    async type(text) {
      await send('Input.insertText', { text });
    },
    async size(width, height, how = { phone: false }) {
      const asked = { width, height, deviceScaleFactor: how.phone ? 2 : 1, mobile: how.phone };
      await send('Emulation.setDeviceMetricsOverride', asked);
      await send('Emulation.setTouchEmulationEnabled', { enabled: how.phone });
    },
    async scheme(name) {
      const features = [{ name: 'prefers-color-scheme', value: name }];
      await send('Emulation.setEmulatedMedia', { features });
    },
    async offline(isCut) {
      const free = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await send('Network.emulateNetworkConditions', { offline: isCut, ...free });
    },
    async medium(name) {
      const features = [{ name: 'forced-colors', value: name === 'forced-colors' ? 'active' : '' }];
      await send('Emulation.setEmulatedMedia', {
        media: name === 'print' ? 'print' : '',
        features,
      });
    },
    async close() {
      await wire.send('Target.disposeBrowserContext', { browserContextId });
    },
    async screenshot(how = { whole: false }) {
      const asked = { format: 'png', captureBeyondViewport: how.whole };
      const shot = await send('Page.captureScreenshot', asked);
      return Buffer.from(String(shot['data']), 'base64');
    },
  };
}

/**
 * Nobody presses a key before a page is drawn: its listeners are added then. Where no frame is
 * drawn, half a second is waited.
 */
const shown = `new Promise((done) => {
  const frame = (next) => requestAnimationFrame(() => setTimeout(next));
  frame(() => frame(done));
  setTimeout(done, 500);
})`;

const keyCodes: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  Space: 32,
  ArrowUp: 38,
  ArrowDown: 40,
  '/': 191,
};

function keyEvents(key: string, shift: boolean): readonly Record<string, unknown>[] {
  const named = { Enter: '\r', Space: ' ' }[key] ?? '';
  const text = key.length === 1 ? key : named;
  const event = {
    key: key === 'Space' ? ' ' : key,
    code: key,
    windowsVirtualKeyCode: keyCodes[key] ?? key.charCodeAt(0),
    modifiers: shift ? 8 : 0,
  };
  const down = text === '' ? { type: 'rawKeyDown' } : { type: 'keyDown', text };
  return [
    { ...event, ...down },
    { ...event, type: 'keyUp' },
  ];
}

/** What the browser's console would show in red. */
function complaintOf({ method, params = {} }: Message): readonly string[] {
  if (method === 'Runtime.exceptionThrown') {
    const details = params['exceptionDetails'] as {
      text: string;
      exception?: { description?: string };
    };
    return [`exception: ${details.exception?.description ?? details.text}`];
  }
  if (method === 'Runtime.consoleAPICalled' && params['type'] === 'error') {
    return [`console: ${JSON.stringify(params['args'])}`];
  }
  if (method === 'Log.entryAdded') {
    const entry = params['entry'] as { level: string; text: string; url?: string };
    return entry.level === 'error' ? [`log: ${entry.text} ${entry.url ?? ''}`] : [];
  }
  return [];
}
