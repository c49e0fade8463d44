/**
 * The live feed: sends the latest verdicts to all open status pages as server-sent events. A page
 * gets at most four sends a second, each with the newest verdicts of that quarter of a second and
 * the number left out. One subscription and one text serve all pages. A reader that cannot keep up
 * is dropped, so that memory stays bounded; its browser reconnects automatically.
 */
import type { ServerResponse } from 'node:http';
import type { Counters } from '../../lib/counters.ts';
import type { Admin, FeedItem } from '../../ports/admin.ts';

export const listenersMax = 16;
const sendEveryMs = 250;
const statusEveryMs = 2_000;
const itemsPerSendMax = 40;
/** Bytes that may wait for one reader: minutes on an ordinary day, about two seconds in a flood. */
const waitingBytesMax = 128 * 1024;

export type LiveFeed = {
  /** Takes over the response. False: there are too many listeners, and nothing was written. */
  attach(response: ServerResponse): boolean;
  close(): void;
};

/** Subscribes to the admin when the first page connects, and unsubscribes after the last. */
export function openLive(admin: Admin, metrics: Counters): LiveFeed {
  const readers = new Set<ServerResponse>();
  let items: FeedItem[] = [];
  let skipped = 0;
  let ticks = 0;
  let stop: (() => void) | undefined;

  function send(text: string): void {
    for (const reader of readers) sendTo(reader, text);
  }
  function sendTo(reader: ServerResponse, text: string): void {
    if (reader.writableLength > waitingBytesMax) {
      metrics.count('postern_live_dropped_total');
      reader.destroy();
    } else reader.write(text);
  }
  function tick(): void {
    let text = '';
    if (items.length > 0) text += event('feed', { items, skipped });
    items = [];
    skipped = 0;
    if (++ticks % (statusEveryMs / sendEveryMs) === 0) text += event('status', admin.status());
    if (text !== '') send(text);
  }
  function start(): () => void {
    const unwatch = admin.watch((item) => {
      items.push(item);
      if (items.length > itemsPerSendMax) {
        items.shift();
        skipped++;
      }
    });
    const timer = setInterval(tick, sendEveryMs).unref();
    return () => {
      unwatch();
      clearInterval(timer);
      items = [];
      skipped = 0;
    };
  }
  function leave(reader: ServerResponse): void {
    readers.delete(reader);
    metrics.set('postern_live_listeners', readers.size);
    if (readers.size > 0) return;
    stop?.();
    stop = undefined;
  }

  return {
    attach(response) {
      if (readers.size >= listenersMax) return false;
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      response.once('close', () => leave(response));
      readers.add(response);
      metrics.set('postern_live_listeners', readers.size);
      stop ??= start();
      response.write(`retry: 2000\n\n${event('status', admin.status())}`);
      return true;
    },
    close() {
      for (const reader of readers) reader.end();
    },
  };
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
