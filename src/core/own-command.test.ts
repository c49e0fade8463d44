import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import fc from 'fast-check';
import { commandNames, wholeProgram } from '../commands/program.ts';
import {
  commandWords,
  type OwnCommand,
  ownAdvice,
  ownCommandLine,
  ownCommands,
  usualCommand,
} from './own-command.ts';

const checkout: OwnCommand = { program: './postern', options: [], sudo: 'as-said' };
const elsewhere: OwnCommand = {
  program: "/home/o'neill/postern",
  options: [['--state', '/srv/a b']],
  sudo: 'never',
};
const stranger: OwnCommand = { program: 'postern', options: [], sudo: 'always' };

const cases: readonly (readonly [string, OwnCommand, string, string])[] = [
  ['a checkout', checkout, 'see: postern accounts list', 'see: ./postern accounts list'],
  ['quoted', checkout, '`postern doctor`, and', '`./postern doctor`, and'],
  ['folded', checkout, 'run postern\naccounts list', 'run ./postern\naccounts list'],
  ['two in a line', checkout, 'postern up, postern status', './postern up, ./postern status'],
  ['sudo stays', checkout, 'sudo postern install', 'sudo ./postern install'],
  ['a sentence', checkout, 'the user that postern runs as', 'the user that postern runs as'],
  ['a longer word', checkout, 'postern status-page', 'postern status-page'],
  ['a path', checkout, '/var/lib/postern status', '/var/lib/postern status'],
  ['once only', checkout, './postern status', './postern status'],
  ['a prefix of errors', checkout, 'postern: no guard', 'postern: no guard'],
  [
    'root, its own folder',
    elsewhere,
    'sudo postern held list',
    "'/home/o'\\''neill/postern' --state '/srv/a b' held list",
  ],
  ['a command without a folder', elsewhere, 'postern scan -', "'/home/o'\\''neill/postern' scan -"],
  [
    'an option that is there already',
    { ...checkout, options: [['--state', '/x']] },
    'postern held list --state /y',
    './postern held list --state /y',
  ],
  [
    'a configuration, where it is read',
    { ...checkout, options: [['--config', 'my.toml']] },
    'postern dns check, postern held list',
    './postern --config my.toml dns check, ./postern held list',
  ],
  ['a user who may not look', stranger, 'postern held list', 'sudo postern held list'],
  ['usage', elsewhere, 'Usage: postern up', "Usage: '/home/o'\\''neill/postern' up"],
];
for (const [name, own, text, wanted] of cases) {
  test(`commands in texts: ${name}`, () => assert.equal(ownCommands(text, own), wanted));
}

test('an installed Postern changes nothing', () => {
  fc.assert(fc.property(fc.string(), (text) => ownCommands(text, usualCommand) === text));
});

test('what works here stays as it is', () => {
  const word = fc.constantFrom('postern', 'sudo', 'status', 'held', '`', '\n', ': ', './', 'x');
  fc.assert(
    fc.property(fc.array(word), fc.constantFrom(checkout, stranger), (words, own) => {
      const once = ownCommands(words.join(' '), own);
      assert.equal(ownCommands(once, own), once);
    }),
  );
});

test('every command is known, so that hints about it work, and no other word is', () => {
  assert.deepEqual([...commandWords].sort(), [...commandNames, 'help'].sort());
});

test('every command that takes an option gets it, as its hints repeat it', async () => {
  const program = await wholeProgram();
  for (const option of ['--state', '--config', '--config-dir']) {
    const takes = (command: Command): boolean =>
      command.options.some(({ long }) => long === option) || command.commands.some(takes);
    const own: OwnCommand = { ...checkout, options: [[option, '/x']] };
    const lacking = program.commands
      .filter((command) => takes(command))
      .map((command) => command.name())
      .filter((name) => ownCommands(`postern ${name}`, own) !== `./postern ${option} /x ${name}`);
    assert.deepEqual(lacking, [], option);
  }
});

test('in JSON only advice changes', () => {
  const value = {
    hint: 'see postern status',
    subject: 'postern status',
    list: [{ fix: 'postern up' }],
  };
  assert.deepEqual(JSON.parse(JSON.stringify(value, ownAdvice(checkout))), {
    hint: 'see ./postern status',
    subject: 'postern status',
    list: [{ fix: './postern up' }],
  });
});

test('a command line is quoted', () => {
  assert.equal(
    ownCommandLine(checkout, 'accounts', 'show', "o'neill@example.org"),
    "./postern accounts show 'o'\\''neill@example.org'",
  );
});
