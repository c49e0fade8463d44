/** What bash, zsh and fish propose after words that were typed, in the real shells. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { completionScript, type Shell, shells } from '../../src/commands/completion/completion.ts';
import { inQuotes, wordPlaces } from '../../src/commands/completion/places.ts';
import { wholeProgram } from '../../src/commands/program.ts';

let dir: string;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'completion-'));
  const whole = await wholeProgram();
  for (const shell of shells) writeFileSync(join(dir, shell), completionScript(shell, whole));
  const typed = join(dir, 'typed');
  mkdirSync(join(typed, 'folder'), { recursive: true });
  writeFileSync(join(typed, 'a message.eml'), '');
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** The proposals for a line that ends with the word to be completed. */
const proposals: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) =>
    run(
      'bash',
      ['--norc', '--noprofile', '-c'],
      [
        `source ${join(dir, 'bash')}`,
        `COMP_WORDS=(${words.map(inQuotes).join(' ')})`,
        `COMP_CWORD=${words.length - 1}`,
        '_postern',
        `printf '%s\\n' "\${COMPREPLY[@]}"`,
      ],
    ),
  zsh: (words) => run('zsh', ['-f', '-c'], zshLines(words)),
  fish: (words) =>
    run(
      'fish',
      ['--no-config', '-c'],
      [`source ${join(dir, 'fish')}`, `complete -C ${inQuotes(words.join(' '))}`],
    ).map((line) => line.split('\t')[0] ?? ''),
};

function run(shell: string, args: readonly string[], lines: readonly string[]) {
  const env = { PATH: '/usr/bin:/bin', HOME: dir, LC_ALL: 'C.UTF-8', TERM: 'dumb' };
  const cwd = join(dir, 'typed');
  const how = { cwd, env, encoding: 'utf8', timeout: 60_000 } as const;
  const ran = spawnSync(shell, [...args, lines.join('\n')], how);
  assert.equal(ran.error, undefined);
  assert.equal(ran.stderr, '', `${shell}: ${lines.join('; ')}`);
  return ran.stdout.split('\n').filter((line) => line !== '');
}

/** A terminal in which Tab writes every proposal to a file. */
const zshSetup = `PROMPT=
autoload -Uz compinit
compinit -u -D
bindkey '^M' undefined
bindkey '^J' undefined
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
stop_() { exit }
comppostfuncs=( stop_ )
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a hits
  builtin compadd -O hits "$@"
  print -rl -- $hits >> ../hits
  builtin compadd "$@"
}
source ../zsh
print -r -- REA''DY
`;

function zshLines(words: readonly string[]): readonly string[] {
  writeFileSync(join(dir, 'zsh-setup'), zshSetup);
  writeFileSync(join(dir, 'hits'), '');
  return [
    'zmodload zsh/zpty',
    'zpty z zsh -f -i',
    'zpty -w z "source ../zsh-setup"',
    'zpty -r -m z text "*READY*"',
    `zpty -w -n z ${inQuotes(words.join(' '))}$'\\t'`,
    'while zpty -r z text; do :; done',
    'cat ../hits',
  ];
}

function here(shell: Shell): false | string {
  return spawnSync(shell, ['-c', 'true']).error === undefined ? false : `${shell} is not installed`;
}

const held = ['list', 'show', 'release', 'drop'];
for (const shell of shells) {
  const skip = here(shell);
  const ask = (...words: readonly string[]): readonly string[] =>
    [...new Set(proposals[shell](['postern', ...words]))].sort();

  test(`${shell}: commands, subcommands and options`, { skip }, async () => {
    const [top] = wordPlaces(await wholeProgram());
    assert.deepEqual(ask(''), top?.words.map(({ word }) => word).sort());
    assert.deepEqual(ask('held', ''), [...held].sort());
    assert.deepEqual(ask('held', 're'), ['release']);
    assert.deepEqual(ask('held', 'list', '--w'), ['--was']);
    const options = ask('held', 'list', '--');
    assert.ok(options.includes('--account') && options.includes('--help'), options.join(' '));
  });

  test(`${shell}: the value of an option is not taken for a command`, { skip }, () => {
    assert.deepEqual(ask('accounts', 'list', '--like', 'show', '--su'), []);
    assert.deepEqual(ask('up', '--mode', ''), ['guard', 'observe']);
    assert.deepEqual(ask('held', 'list', '--account', 'list', '--wa'), ['--was']);
    assert.deepEqual(ask('held', 'list', '--account', ''), []);
  });

  test(`${shell}: files and folders`, { skip }, () => {
    assert.deepEqual(
      ask('status', '--state', 'fo').map((one) => one.replace(/\/$/, '')),
      ['folder'],
    );
    const files = ask('scan', 'a');
    assert.equal(files.length, 1, files.join(' '));
    assert.match(files[0] ?? '', /^a\\? message\.eml$/);
    assert.deepEqual(ask('completion', ''), ['bash', 'fish', 'zsh']);
  });
}

test('bash: a value after an equals sign', () => {
  assert.deepEqual(proposals.bash(['postern', 'up', '--mode', '=', 'ob']), ['observe']);
  assert.equal(proposals.bash(['postern', 'up', '--mode', '=']).length, 2);
});
