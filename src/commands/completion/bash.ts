/** The completion of bash: a function that walks the words typed so far. Pure. */
import { inQuotes, type Takes, type WordPlace } from './places.ts';

export function bashScript(places: readonly WordPlace[]): string {
  return `# bash completion of postern. Made by: postern completion bash

_postern_place() {
  words= options= files= choices=
  case $1 in
${places.map(placeCase).join('')}  esac
}

# What the option takes: empty, file, folder, text, or words to choose from.
_postern_value() {
  takes= chosen=
  case "$1 $2" in
${places.flatMap(valueCases).join('')}  esac
}

${walking}complete -F _postern postern
`;
}

function placeCase({ choices, files, options, path, words }: WordPlace): string {
  const parts = [
    `words=${inQuotes(words.map(({ word }) => word).join(' '))}`,
    `options=${inQuotes(options.flatMap(({ names }) => names).join(' '))}`,
    ...(files ? ['files=yes'] : []),
    ...(choices.length > 0 ? [`choices=${inQuotes(choices.join(' '))}`] : []),
  ];
  return `    ${inQuotes(path)}) ${parts.join(' ')} ;;\n`;
}

function valueCases({ options, path }: WordPlace): readonly string[] {
  return options
    .filter(({ takes }) => takes !== 'nothing')
    .map(({ names, takes }) => {
      const patterns = names.map((name) => inQuotes(`${path} ${name}`)).join(' | ');
      return `    ${patterns}) ${valueWords(takes)} ;;\n`;
    });
}

function valueWords(takes: Takes): string {
  if (typeof takes === 'string') return `takes=${takes}`;
  return `takes=words chosen=${inQuotes(takes.join(' '))}`;
}

/** bash makes a word of its own of each \`=\`. */
const walking = `_postern() {
  local words options files choices takes chosen path= option= current word i
  COMPREPLY=()
  current=\${COMP_WORDS[COMP_CWORD]}
  _postern_place ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ "$word" = = ]; then continue; fi
    if [ -n "$option" ]; then option=; continue; fi
    case $word in
      -*)
        _postern_value "$path" "$word"
        if [ -n "$takes" ]; then option=$word; fi
        ;;
      *)
        case " $words " in
          *" $word "*)
            path=\${path:+$path }$word
            _postern_place "$path"
            ;;
        esac
        ;;
    esac
  done
  if [ "$current" = = ]; then current=; fi
  if [ -n "$option" ]; then
    _postern_value "$path" "$option"
    case $takes in
      words) mapfile -t COMPREPLY < <(compgen -W "$chosen" -- "$current") ;;
      file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
      folder)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
    esac
    return 0
  fi
  case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    *)
      mapfile -t COMPREPLY < <(compgen -W "$words $choices" -- "$current")
      if [ -n "$files" ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
      fi
      ;;
  esac
  return 0
}
`;
