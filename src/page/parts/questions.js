/** Every action of the page as a question for the confirm dialog: what it does, what undoes it. */
import { accountPath, act } from './api.js';
import { html } from './html.js';
import { Command } from './marks.js';
import { command, many } from './words.js';

/** Releases a suspended account. `observed`: it was not suspended, that was only noted. */
export function releaseAccount(name, observed = false) {
  return {
    title: observed ? `What was it with ${name}?` : `Release ${name}?`,
    text: observed
      ? 'Nothing of this account was stopped. The note that it would have been suspended ends, ' +
        'and Postern learns from your answer.'
      : 'Postern opens its login and accepts its mail again. What was it?',
    note: true,
    choices: [hijackedRelease(name, observed), falseAlarmRelease(name, observed)],
    undo: html`<${Command} text=${command('accounts', 'suspend', name)} />`,
    again: { label: 'Suspend again', question: () => suspendAccount(name) },
    act: (note, choice) => act(accountPath(name, 'release'), { note, ...choice.body }),
  };
}

function hijackedRelease(name, observed) {
  return {
    label: observed ? 'It was hijacked' : 'It was hijacked – keep held mail',
    detail: observed
      ? 'Change its password. Postern learns nothing from the attack.'
      : 'Choose this once its password is changed. Postern learns nothing from the attack, and ' +
        'all held mail of the account stays held.',
    verb: observed ? 'It was hijacked' : 'Release, keep held mail',
    command: command('accounts', 'release', name, '--hijacked'),
    body: { hijacked: true },
    after: observed
      ? []
      : [
          ['To delete the held mail', command('held', 'drop', '--account', name)],
          ['To deliver the held mail', command('held', 'release', '--account', name)],
        ],
  };
}

function falseAlarmRelease(name, observed) {
  const learned = 'What was seen counts as normal for this account from now on';
  return {
    label: observed ? 'It was a false alarm' : 'It was a false alarm – deliver held mail',
    detail: observed
      ? `${learned}.`
      : `${learned}, and all its held mail is delivered. Delivered mail cannot be called back.`,
    verb: observed ? 'False alarm' : 'Release and deliver',
    command: command('accounts', 'release', name, '--false-alarm'),
    body: { falseAlarm: true },
  };
}

/** Suspends an account. */
export function suspendAccount(name) {
  return {
    title: `Suspend ${name}?`,
    text:
      'Postern holds its mail from now on, and what it has in the mail queue, and closes its ' +
      'login where Dovecot is configured. When much is held, further mail is answered with 451.',
    verb: 'Suspend',
    danger: true,
    note: true,
    command: command('accounts', 'suspend', name),
    undo: html`<${Command} text=${command('accounts', 'release', name, '--hijacked')} />`,
    again: { label: 'Release again', question: () => releaseAccount(name) },
    act: (note) => act(accountPath(name, 'suspend'), { note }),
  };
}

/** Says that a suspended account was hijacked. */
export function accountHijacked(name) {
  return {
    title: `Was ${name} hijacked?`,
    text:
      'Its mail is refused from now on, with the text that names your contact. Its held mail ' +
      'stays held. Change the password, then release the account.',
    verb: 'It was hijacked',
    danger: true,
    note: true,
    command: command('accounts', 'suspend', name, '--hijacked'),
    undo: html`<${Command} text=${command('accounts', 'release', name, '--hijacked')} />`,
    again: { label: 'Release', question: () => releaseAccount(name) },
    act: (note) => act(accountPath(name, 'suspend'), { note, hijacked: true }),
  };
}

/** Releases held mail: messages by id, or all of an account. */
export function releaseHeld(which, count) {
  return {
    title: `Release ${many(count, 'message')}?`,
    text: `${heldOf(which)} is delivered now. Delivered mail cannot be called back.`,
    verb: 'Release',
    command: heldCommand('release', which),
    act: () => act('/api/held/release', which),
  };
}

/** Deletes held mail. */
export function dropHeld(which, count) {
  return {
    title: `Drop ${many(count, 'message')} permanently?`,
    text:
      `${heldOf(which)} is deleted from the mail queue. Neither sender nor recipients are told, ` +
      'and it cannot be recovered.',
    verb: 'Drop permanently',
    danger: true,
    command: heldCommand('drop', which),
    act: () => act('/api/held/drop', which),
  };
}

/** Delivers incoming mail that waits or is in quarantine. */
export function releaseIncoming(id) {
  return {
    title: 'Deliver this message?',
    text:
      'It is delivered to its recipients now and cannot be called back. Later mail of its sender ' +
      'need not wait.',
    verb: 'Deliver',
    command: command('quarantine', 'release', id),
    act: () => act('/api/inbound/release', { ids: [id] }),
  };
}

/** Deletes incoming mail that waits or is in quarantine. */
export function dropIncoming(id) {
  return {
    title: 'Delete this message permanently?',
    text: 'Neither its sender nor its recipients are told, and it cannot be recovered.',
    verb: 'Delete permanently',
    danger: true,
    command: command('quarantine', 'drop', id),
    act: () => act('/api/inbound/drop', { ids: [id] }),
  };
}

/** Lets mail of a sender pass without waiting. */
export function allowIncoming(sender) {
  return {
    title: `Let mail of ${sender} pass?`,
    text:
      'It never waits and is never put off from now on. A spammer can forge an address; if the ' +
      'sender has its own servers, allow their network on the command line instead.',
    verb: 'Let it pass',
    note: true,
    command: command('inbound', 'allow', sender),
    undo: html`<${Command} text=${command('inbound', 'forget', sender)} />`,
    act: (note) => act('/api/inbound/allow', { what: sender, note }),
  };
}

function heldOf(which) {
  return which.ids === undefined ? `All held mail of ${which.account}` : 'The message';
}

function heldCommand(verb, which) {
  return which.ids === undefined
    ? command('held', verb, '--account', which.account)
    : command('held', verb, ...which.ids);
}

/** Acknowledges an item of the checklist, or takes that back. `reread` is called afterwards. */
export function acknowledgeItem({ id, state, title }, reread) {
  return {
    title: 'Acknowledge this item?',
    text:
      `${title}: it is ${state}. Acknowledged, it is no next step and counts as no broken item ` +
      'until the days are over or until it gets worse.',
    verb: 'Acknowledge',
    note: true,
    choices: [30, 90, 365].map((days) => ({
      label: `For ${days} days`,
      detail: '',
      command: command('checklist', 'ack', id, '--days', String(days)),
      body: { days },
    })),
    undo: html`<${Command} text=${command('checklist', 'ack', id, '--undo')} />`,
    act: (note, choice) => acknowledged({ id, note, ...choice.body }, reread),
  };
}

/** Takes an acknowledgement back. */
export function unacknowledgeItem({ id, title }, reread) {
  return {
    title: 'Take the acknowledgement back?',
    text: `${title}: it counts again, and is a next step again.`,
    verb: 'Take back',
    command: command('checklist', 'ack', id, '--undo'),
    act: () => acknowledged({ id, days: 0 }, reread),
  };
}

async function acknowledged(body, reread) {
  const done = await act('/api/checklist/ack', body);
  reread();
  return done;
}
