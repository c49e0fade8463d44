/** Reads JSON from the door for a view, and keeps it up to date. */
import { useEffect, useState } from 'preact/hooks';
import { read } from './api.js';

const againMs = 30_000;

/**
 * `found` is undefined until the first answer, and null if there is no such thing; `fault` is the
 * error of the last request. The old answer stays until the new one is there, except for another
 * `subject`.
 */
export function useRead(path, subject = path) {
  const [answer, setAnswer] = useState({ subject, found: undefined, fault: '' });
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      try {
        const found = (await read(path)) ?? null;
        if (!isOver) setAnswer({ subject, found, fault: '' });
      } catch (error) {
        if (!isOver) setAnswer((known) => ({ ...known, fault: error.message }));
      }
    };
    void ask();
    const timer = setInterval(ask, againMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [path]);
  return answer.subject === subject ? answer : { found: undefined, fault: '' };
}
