/**
 * Cuts a file into messages: one message, or a mailbox (mbox) of many. Of each message only the
 * beginning is kept, so a file of any size is read in limited memory. Pure.
 */
import { mailOctetsMax } from './mail-parts.ts';

export type MessageCutter = {
  write(chunk: Uint8Array): void;
  end(): void;
};

/** Of the line `From sender date` before each message of a mailbox. */
const separator = /^From \S{1,320} .{0,80}\b\d{4}\b/;
/** The longest line that can be a separator. */
const separatorMax = 500;

/** `message` gets the octets of each message, one a character (latin1). */
export function openMessageCutter(message: (octets: string) => void): MessageCutter {
  let kept: string[] = [];
  let length = 0;
  let isMailbox: boolean | undefined;
  let wasEmpty = true;
  /** A line that is not complete yet; empty once it is too long to be a separator. */
  let begun = '';
  let isLong = false;
  const keep = (text: string): void => {
    if (length < mailOctetsMax) kept.push(text);
    length += text.length;
  };
  const close = (): void => {
    if (length > 0) message(kept.join('').slice(0, mailOctetsMax));
    kept = [];
    length = 0;
  };
  const complete = (line: string): void => {
    const isSeparator = !isLong && line.startsWith('From ') && separator.test(line);
    isMailbox ??= isSeparator;
    if (isMailbox && isSeparator && wasEmpty) close();
    wasEmpty = !isLong && (line === '\n' || line === '\r\n');
    isLong = false;
    keep(line);
  };
  return {
    write(chunk) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      let from = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        complete(begun + text.slice(from, end + 1));
        begun = '';
        from = end + 1;
      }
      begun += text.slice(from);
      if (begun.length <= separatorMax) return;
      keep(begun);
      begun = '';
      isLong = true;
    },
    end() {
      keep(begun);
      close();
    },
  };
}
