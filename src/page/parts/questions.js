/**
 * Everything the page can do, as questions for the confirm dialog: what it means, what undoes it.
 */
import { accountPath, act } from './api.js';
import { html } from './html.js';
import { Command } from './marks.js';
import { command, many } from './words.js';

/** Lets a suspended account mail again. */
export function releaseAccount(name) {
  return {
    title: `Release ${name}?`,
    text: 'Its login opens again, and its mail passes. What becomes of its held mail depends:',
    verb: 'Release',
    note: true,
    choices: [
      {
        label: 'It was hijacked, and its password is changed',
        detail:
          'Nothing of the attack is learned. All its held mail stays held, what was taken from ' +
          'the queue too: look at it under “Held mail”, then “Drop all” or “Release all”.',
        command: command('accounts', 'release', name, '--keep-held'),
        body: { keepHeld: true },
        after: [
          ['To delete the held mail', command('held', 'drop', '--account', name)],
          ['To let it go', command('held', 'release', '--account', name)],
        ],
      },
      {
        label: 'It was honest mail',
        detail: 'What was seen counts as usual from now on, and all its held mail goes out.',
        command: command('accounts', 'release', name, '--false-alarm'),
        body: { falseAlarm: true },
      },
    ],
    undo: html`<${Command} text=${command('accounts', 'suspend', name)} />`,
    again: { label: 'Suspend again', question: () => suspendAccount(name) },
    act: (note, choice) => act(accountPath(name, 'release'), { note, ...choice.body }),
  };
}

/** Stops an account by hand. */
export function suspendAccount(name) {
  return {
    title: `Suspend ${name}?`,
    text:
      'Its mail is refused from now on, what it has in the queue is held, and its login is closed ' +
      'where Postern may do that.',
    verb: 'Suspend',
    danger: true,
    note: true,
    command: command('accounts', 'suspend', name),
    undo: html`<${Command} text=${command('accounts', 'release', name)} />`,
    again: { label: 'Release again', question: () => releaseAccount(name) },
    act: (note) => act(accountPath(name, 'suspend'), { note }),
  };
}

/** Lets held mail go: ids, or all of an account. */
export function releaseHeld(which, count) {
  return {
    title: `Release ${many(count, 'message')}?`,
    text: `${whose(which)} goes out now. Mail that has left cannot be called back.`,
    verb: 'Release',
    command: heldCommand('release', which),
    act: () => act('/api/held/release', which),
  };
}

/** Throws held mail away. */
export function dropHeld(which, count) {
  return {
    title: `Drop ${many(count, 'message')} for good?`,
    text: `${whose(which)} is deleted from the mail queue. Nobody is told, and nothing brings it back.`,
    verb: 'Drop for good',
    danger: true,
    command: heldCommand('drop', which),
    act: () => act('/api/held/drop', which),
  };
}

function whose(which) {
  return which.ids === undefined ? `All held mail of ${which.account}` : 'The message';
}

function heldCommand(verb, which) {
  return which.ids === undefined
    ? command('held', verb, '--account', which.account)
    : command('held', verb, ...which.ids);
}
