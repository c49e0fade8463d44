/**
 * Scripts of this machine that send mail: first those with odd mail, then those that no rule knows.
 */
import { useEffect, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Glyph, Heading, When } from '../parts/marks.js';
import { command, many, opened } from '../parts/words.js';

const againMs = 60_000;
const askedMax = 500;
const rowsMax = 8;

/** Asked for anew each minute, and when more or less is held; undefined until it is here. */
function useScripts(held) {
  const [answer, setAnswer] = useState(undefined);
  useEffect(() => {
    let over = false;
    const ask = async () => {
      const fresh = await read(`/api/scripts?limit=${askedMax}`).catch(() => undefined);
      if (!over && fresh !== undefined) setAnswer(fresh);
    };
    void ask();
    const timer = setInterval(ask, againMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [held]);
  return answer;
}

export function Scripts({ view, open }) {
  const answer = useScripts(view.status.held);
  if (answer === undefined || answer.known === 0) return undefined;
  const { mode, rules, scripts, known } = answer;
  const first = scripts.toSorted((left, right) => urgency(right) - urgency(left)).slice(0, rowsMax);
  const unruled = scripts.filter(({ rule }) => rule === '').length;
  const guarding = mode === 'guard' && view.status.mode === 'guard';
  return html`<section aria-labelledby="scripts">
    <${Heading} id="scripts" title="Web scripts" count=${known}>
      <span class="quiet legend-note">
        ${guarding ? 'What no rule allows is held' : 'Only observed: nothing is held for the rules'}
      </span>
    <//>
    <ul class="rows">
      ${first.map((one) => html`<${Row} key=${one.account} script=${one} rules=${rules} open=${open} />`)}
    </ul>
    ${
      (known > first.length || unruled > 0) &&
      html`<p class="same">
        <span class="quiet">
          ${unruled > 0 ? `${many(unruled, 'has', 'have')} no rule` : `${many(known - first.length, 'more')}`}
        </span>
        <${Command} text=${command('scripts', 'list')} />
      </p>`
    }
  </section>`;
}

/** Odd mail of the last days before all else; then what no rule knows, the busiest first. */
function urgency({ odd, oddAt, rule, lastAt, messages }) {
  const recent = odd > 0 && lastAt - oddAt < 7 * 86_400_000;
  return (recent ? 2e9 : 0) + (rule === '' ? 1e9 : 0) + Math.min(messages, 1e8);
}

function Row({ script, rules, open }) {
  const { account, subject, user, uid, messages, recipients, held, lastAt, odd, oddText } = script;
  const rule = rules.find(({ id }) => id === script.rule);
  const known = rule === undefined ? 'no rule' : `${rule.effect}, ${rule.id}`;
  return html`<li class="script">
    <div>
      <button class="name" type="button" onClick=${() => open(account)}>${subject}</button>
      <p class="quiet">
        As ${user || `user number ${uid}`}, ${many(messages, 'message')} to ${many(recipients, 'recipient')}${held > 0 ? `, ${held} held` : ''}, last <${When} at=${lastAt} />
      </p>
      ${odd > 0 && html`<p class="script-odd"><${Glyph} of="watch" />${opened(oddText)}</p>`}
      ${script.suggestion !== '' && html`<p class="script-fit"><span class="quiet">This rule would fit:</span> <${Command} text=${script.suggestion} /></p>`}
    </div>
    <span class=${`tag rule-${rule?.effect ?? 'none'}`}>${known}</span>
  </li>`;
}
