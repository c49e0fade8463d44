/**
 * Keeps the overview fresh. The page reads it every 15 seconds, and within a second after a message
 * was stopped or a count changed; also when the machine wakes up or the tab is shown again.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { NoAnswer, read } from './parts/api.js';
import { follow } from './parts/live.js';
import { setOwn } from './parts/own-command.js';
import { setServerNow } from './parts/words.js';
import { asLines, withBatch } from './views/feed.js';

const refreshMs = 15_000;
const refreshMinMs = 1_000;
/** A machine that lost its network gets no answer at all. */
const answerMs = 20_000;

/** `away`: undefined while Postern answers; else { asOf }. */
export function useOverview(onSignedOut) {
  const [view, setView] = useState(undefined);
  const [feed, setFeed] = useState([]);
  const [link, setLink] = useState('connecting');
  const [fault, setFault] = useState('');
  const [away, setAway] = useState(undefined);
  const answeredAt = useRef(Date.now());
  const pending = useRef(undefined);
  const asked = useRef(0);
  const answered = useRef(0);
  const wasLost = useRef(false);
  const refresh = useCallback(async () => {
    clearTimeout(pending.current);
    pending.current = undefined;
    const nth = ++asked.current;
    // An older request may end after a newer one, without an answer or with old figures.
    const isNews = () => nth > answered.current;
    try {
      const fresh = await read('/api/overview', answerMs);
      if (!isNews()) return;
      answered.current = nth;
      answeredAt.current = Date.now();
      setServerNow(fresh.status.now);
      setOwn(fresh.status.own);
      setView(fresh);
      setFault('');
      setAway(undefined);
      setFeed((known) => (known.length === 0 ? asLines(fresh.recent) : known));
    } catch (error) {
      if (!isNews()) return;
      const isAway = error instanceof NoAnswer;
      setAway((known) => (isAway ? (known ?? { asOf: answeredAt.current }) : undefined));
      setFault(isAway ? '' : error.message);
    }
  }, []);
  useEffect(() => {
    const soon = () => {
      pending.current ??= setTimeout(refresh, refreshMinMs);
    };
    const timer = setInterval(refresh, refreshMs);
    const stop = follow({
      onFeed(batch) {
        setFeed((known) => withBatch(known, batch));
        if (batch.items.some((item) => item.verdict !== 'pass')) soon();
      },
      onStatus(status) {
        answeredAt.current = Date.now();
        setServerNow(status.now);
        setView((known) => {
          if (known !== undefined && changed(known.status, status)) soon();
          return known === undefined ? known : { ...known, status };
        });
      },
      onLink(state) {
        setLink(state);
        // Only the feed may be lost. A new connection may have missed something.
        if (state === 'lost' || wasLost.current) void refresh();
        wasLost.current = state === 'lost';
      },
      onSignedOut,
    });
    void refresh();
    const look = () => document.hidden || void refresh();
    addEventListener('online', look);
    addEventListener('offline', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
      document.removeEventListener('visibilitychange', look);
      clearInterval(timer);
      clearTimeout(pending.current);
      stop();
    };
  }, []);
  return { view, feed, link, fault, away, refresh };
}

function changed(known, fresh) {
  return (
    known.held !== fresh.held ||
    known.accounts.watched !== fresh.accounts.watched ||
    known.accounts.suspended !== fresh.accounts.suspended ||
    known.accounts.wouldBeSuspended !== fresh.accounts.wouldBeSuspended
  );
}
