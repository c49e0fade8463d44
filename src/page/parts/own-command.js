/**
 * Commands as they work on the server. Texts say `postern status`; in a checkout the program has a
 * path, and a guard may have a state folder of its own. Pure, except for what the server said.
 */
let before = 'postern';

/** Takes `own` of /api/status: { program, options: [[name, value]] }. */
export function setOwn({ program, options }) {
  before = [program, ...options.flat()].map(shellWord).join(' ');
}

export function shellWord(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A name of the program in a text: a command follows. In prose Postern has a capital. */
const called = /(?<![\w./@:-])postern(?= [a-z])/g;

/** The text with each command in it as it works on the server. */
export function ownCommands(text) {
  return before === 'postern' ? text : text.replace(called, () => before);
}
