/**
 * The state of mail in one line, for the top of the page and its title. In mode observe nothing was
 * stopped, so everything is said as what would have been.
 */
import { actsInPart, enforcedText } from './mode.js';
import { many, sentence } from './words.js';

/** { tone, title, detail, enforcing? }; `enforcing`: what mode guard would have changed. */
export function stateLine(view) {
  const { ledger, mode, troubles } = view.status;
  if (ledger.state === 'failing') return ledgerFails(ledger);
  // What was really stopped comes first.
  const acts = mode === 'guard' || (actsInPart(view.status) && view.status.accounts.suspended > 0);
  const line = acts ? guarded(view) : observed(view);
  if (line.tone === 'stop' || troubles.length === 0) return line;
  return {
    ...line,
    tone: 'watch',
    title: `${many(troubles.length, 'problem')} with Postern itself`,
    detail: `Listed below. ${line.detail}`,
  };
}

function ledgerFails({ path, why }) {
  return {
    tone: 'stop',
    title: 'Postern cannot write to its ledger',
    detail:
      `${sentence(why)} Mail is handled as ledger.when_failing says. ` +
      `Usually its disk is full: free some space for ${path}.`,
  };
}

function guarded({ status, suspended }) {
  const { accounts, verdicts } = status;
  const rest = `${watchedText(status)}${heldText(status)}`;
  if (accounts.suspended > 0) {
    return {
      tone: 'stop',
      title: `${many(accounts.suspended, 'account')} suspended`,
      detail: `${damage(suspended)}${rest}`,
    };
  }
  if (isFresh(status)) return ready;
  return {
    tone: accounts.watched > 0 ? 'watch' : 'well',
    title: 'All well',
    detail: rest || `${many(verdicts.pass, 'message')} passed since Postern started.`,
  };
}

const ready = { tone: 'idle', title: 'Ready', detail: 'Postern has seen no mail yet.' };

function observed({ enforcing, status, suspended }) {
  const { accounts, verdicts } = status;
  const { wouldBeSuspended } = accounts;
  if (isFresh(status)) return { ...ready, title: 'Ready, observing only' };
  const rest = `${watchedText(status)}${heldText(status)}`;
  if (wouldBeSuspended > 0) {
    return {
      tone: 'stop',
      title: `${many(wouldBeSuspended, 'account')} would have been suspended`,
      detail: `${unstopped(status)} ${damage(suspended)}${rest}`,
      enforcing,
    };
  }
  return {
    tone: accounts.watched > 0 ? 'watch' : 'well',
    title: actsInPart(status) ? 'Observing, and acting in part' : 'Observing: no mail is stopped',
    detail:
      `${part(status)}${rest}` || `${many(verdicts.pass, 'message')} passed since Postern started.`,
    enforcing,
  };
}

const part = (status) => (actsInPart(status) ? `Postern acts on ${enforcedText(status)}. ` : '');
const unstopped = (status) =>
  actsInPart(status)
    ? `Nothing of this was stopped: Postern acts only on ${enforcedText(status)}.`
    : 'Nothing was stopped: Postern only observes.';
const watchedText = ({ accounts }) =>
  accounts.watched > 0 ? `${many(accounts.watched, 'account')} watched. ` : '';
const heldText = ({ held }) => (held > 0 ? `${many(held, 'message')} held. ` : '');

/** True until Postern has judged its first message. */
export function isFresh({ verdicts, observedVerdicts, accounts }) {
  const counts = [...Object.values(verdicts), ...Object.values(observedVerdicts)];
  return counts.every((count) => count === 0) && accounts.known === 0;
}

function damage(suspended) {
  const incidents = suspended.map((one) => one.incident).filter((one) => one !== undefined);
  if (incidents.length === 0) return '';
  const sum = (key) => incidents.reduce((total, one) => total + one[key], 0);
  const out = many(sum('leakedRecipients'), 'recipient');
  const would = sum('wouldStopMessages');
  const stopped = sum('stoppedMessages');
  const ends = [
    ...(stopped > 0 || would === 0 ? [`${many(stopped, 'message')} stopped`] : []),
    ...(would > 0 ? [`${many(would, 'message')} would have been stopped`] : []),
  ];
  return `${out} reached, ${ends.join(', ')}. `;
}
