/**
 * Prints very many lines in batches, and waits for the reader, so that lines never pile up in
 * memory.
 */
import { once } from 'node:events';
import type { Command } from 'commander';
import { printExactly } from './print.ts';

export type ManyLines = {
  /** Undefined: continue. A promise: wait for the reader. */
  add(line: string): Promise<unknown> | undefined;
  end(): void;
};

const atOnce = 500;

export function openManyLines(command: Command): ManyLines {
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) printExactly(command, lines.join(''));
    lines = [];
  };
  return {
    add(line) {
      lines.push(line);
      if (lines.length < atOnce) return undefined;
      flush();
      return process.stdout.writableNeedDrain ? once(process.stdout, 'drain') : undefined;
    },
    end: flush,
  };
}
