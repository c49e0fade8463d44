/** The completion of fish: one line for each word and option, with where it may stand. Pure. */
import type { WordOption, WordPlace } from './places.ts';

export function fishScript(places: readonly WordPlace[]): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  const taking = places.flatMap(({ options, path }) =>
    options
      .filter(({ takes }) => takes !== 'nothing')
      .flatMap(({ names }) => names.map((name) => inFish(`${path} ${name}`.trim()))),
  );
  return `# fish completion of postern. Made by: postern completion fish

set -g __postern_paths ${paths.map(inFish).join(' ')}
set -g __postern_taking ${taking.join(' ')}

# The words of the command that was typed so far, without options and names.
function __postern_at
    set -l at
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case '-*'
                if contains -- (string trim -- "$at $word") $__postern_taking
                    set skip yes
                end
            case '*'
                if contains -- (string trim -- "$at $word") $__postern_paths
                    set at (string trim -- "$at $word")
                end
        end
    end
    test "$at" = "$argv[1]"
end

complete -c postern -f
${places.map(linesOf).join('')}`;
}

function linesOf({ choices, files, options, path, words }: WordPlace): string {
  const here = `complete -c postern -n ${inFish(`__postern_at "${path}"`)}`;
  const lines = words.map(({ word, about }) => `${here} -a ${word} -d ${inFish(about)}`);
  if (choices.length > 0) lines.push(`${here} -a ${inFish(choices.join(' '))}`);
  if (files) lines.push(`${here} -F`);
  for (const option of options) lines.push(`${here} ${optionWords(option)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function optionWords({ about, names, takes }: WordOption): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const value = {
    nothing: '',
    text: ' -x',
    file: ' -r -F',
    folder: " -x -a '(__fish_complete_directories)'",
  };
  const taken = typeof takes === 'string' ? value[takes] : ` -x -a ${inFish(takes.join(' '))}`;
  return `${flags.join(' ')}${taken} -d ${inFish(about)}`;
}

/** In single quotes fish reads only \`\\\\\` and \`\\'\`. */
function inFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
