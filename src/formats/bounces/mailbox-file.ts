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
  /** The beginning of the line that is not complete yet, as much as can matter. */
  let line = '';
  const keep = (text: string): void => {
    if (length < mailOctetsMax) kept.push(text);
    length += text.length;
  };
  const close = (): void => {
    if (length > 0) message(kept.join('').slice(0, mailOctetsMax));
    kept = [];
    length = 0;
  };
  const lineEnded = (text: string): void => {
    const isSeparator = text.startsWith('From ') && separator.test(text);
    isMailbox ??= isSeparator;
    if (isMailbox && isSeparator && wasEmpty) close();
    wasEmpty = text === '' || text === '\r';
  };
  return {
    write(chunk) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      let from = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        const rest = text.slice(from, end + 1);
        lineEnded((line + rest.slice(0, separatorMax)).slice(0, separatorMax).replace(/\n$/, ''));
        keep(rest);
        line = '';
        from = end + 1;
      }
      const rest = text.slice(from);
      if (line.length < separatorMax) line += rest.slice(0, separatorMax);
      keep(rest);
    },
    end: close,
  };
}
