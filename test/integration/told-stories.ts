/** The stories of docs/operate.md, as a reader of the page types and sees them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typed } from './stories-server.ts';

type Step = {
  readonly command: string;
  /** What the page shows of the answer. `…` is what it leaves out. */
  readonly shown: readonly string[];
};

const page = join(import.meta.dirname, '../../docs/operate.md');

/** The commands of each story, by its heading. */
export function readStories(): ReadonlyMap<string, readonly Step[]> {
  const [, stories = ''] = readFileSync(page, 'utf8').split(/^## Stories$/m);
  const [part = ''] = stories.split(/^## /m);
  const told = new Map<string, readonly Step[]>();
  for (const story of part.split(/^### /m).slice(1)) {
    const [heading = ''] = story.split('\n');
    const blocks = [...story.matchAll(/^```console\n([\s\S]*?)^```$/gm)];
    told.set(
      heading,
      blocks.flatMap(([, text = '']) => stepsOf(text)),
    );
  }
  return told;
}

function stepsOf(text: string): readonly Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...shown] = step.trimEnd().split('\n');
      return { command, shown };
    });
}

export type ToldStory = {
  readonly commands: readonly string[];
  /** Types the next command; answers with what it printed, which the page must show as it is. */
  next(exit?: number): Promise<string>;
  /** Throws if the page has more commands. */
  over(): void;
};

export function tellStory(heading: string): ToldStory {
  const steps = readStories().get(heading) ?? assert.fail(`no story "${heading}"`);
  let at = 0;
  return {
    commands: steps.map(({ command }) => command),
    async next(exit = 0) {
      const { command, shown } = steps[at++] ?? assert.fail(`"${heading}" is over`);
      const answer = await typed(command);
      assert.equal(answer.exit, exit, `${command}: ${answer.text}`);
      const text = alike(answer.text);
      let from = 0;
      for (const line of shown.filter((one) => one.trim() !== '' && one !== '…')) {
        const found = pattern(line).exec(text.slice(from));
        assert.ok(found, `${command} does not show "${line}" there: ${answer.text}`);
        from += found.index + found[0].length;
      }
      return answer.text;
    },
    over: () => assert.equal(at, steps.length, `"${heading}" has more commands`),
  };
}

/** Without what differs from one server and day to another: ids, numbers and widths of columns. */
function alike(text: string): string {
  return (
    text
      // A long id need not have a digit.
      .replace(/(?<![\w.@-])(?:(?=[\w-]*\d)[\w-]{10,21}|[\w-]{22})(?![\w.@-])/g, 'ID')
      .replace(/\d+/g, '0')
      .replace(/ +/g, ' ')
  );
}

/** Finds the line. */
function pattern(line: string): RegExp {
  const parts = alike(line).trimEnd().split('…');
  const plain = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${plain.join('.*')}`, 'm');
}
