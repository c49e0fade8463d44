/** The completion of zsh: words and options with what they mean. Pure. */
import { inQuotes, type Takes, type WordPlace } from './places.ts';

export function zshScript(places: readonly WordPlace[]): string {
  return `#compdef postern
# zsh completion of postern. Made by: postern completion zsh

_postern_place() {
  subs=() opts=() choices=() files=
  case $1 in
${places.map(placeCase).join('')}  esac
}

# What the option takes: empty, file, folder, text, or words to choose from.
_postern_value() {
  takes= chosen=()
  case "$1 $2" in
${places.flatMap(valueCases).join('')}  esac
}

${walking}
if [[ $funcstack[1] == _postern ]]; then
  _postern "$@"
else
  compdef _postern postern
fi
`;
}

function placeCase({ choices, files, options, path, words }: WordPlace): string {
  const subs = words.map(({ word, about }) => described(word, about));
  const opts = options.flatMap(({ names, about }) => names.map((name) => described(name, about)));
  const lines = [
    `subs=(${subs.join(' ')})`,
    `opts=(${opts.join(' ')})`,
    ...(choices.length > 0 ? [`choices=(${choices.join(' ')})`] : []),
    ...(files ? ['files=yes'] : []),
  ];
  return `    (${inQuotes(path)})\n${lines.map((line) => `      ${line}\n`).join('')}      ;;\n`;
}

/** The first colon ends the word. */
function described(word: string, about: string): string {
  return inQuotes(`${word}:${about}`);
}

function valueCases({ options, path }: WordPlace): readonly string[] {
  return options
    .filter(({ takes }) => takes !== 'nothing')
    .map(({ names, takes }) => {
      const patterns = names.map((name) => inQuotes(`${path} ${name}`)).join('|');
      return `    (${patterns}) ${valueWords(takes)} ;;\n`;
    });
}

function valueWords(takes: Takes): string {
  return typeof takes === 'string' ? `takes=${takes}` : `takes=words chosen=(${takes.join(' ')})`;
}

const walking = `_postern() {
  local at= option= word takes files name
  local -a subs opts choices chosen
  _postern_place ''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $option ]]; then option=; continue; fi
    case $word in
      (-*=*) ;;
      (-*)
        _postern_value "$at" "$word"
        if [[ -n $takes ]]; then option=$word; fi
        ;;
      (*)
        if (( \${subs[(I)$\{(b)word}:*]} )); then
          at=\${at:+$at }$word
          _postern_place "$at"
        fi
        ;;
    esac
  done
  if [[ -z $option && $PREFIX == --*=* ]]; then
    option=\${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    _postern_value "$at" "$option"
    case $takes in
      (words) compadd -- $chosen ;;
      (file) _files ;;
      (folder) _files -/ ;;
    esac
    return
  fi
  if [[ $PREFIX == -* ]]; then
    _describe -o option opts
    return
  fi
  if (( $#subs )); then _describe command subs; fi
  if (( $#choices )); then compadd -- $choices; fi
  if [[ -n $files ]]; then _files; fi
}
`.replaceAll('$\\{', '${');
