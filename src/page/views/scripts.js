/**
 * Lists the scripts of this machine that send mail: first those with odd mail, then those without a
 * rule.
 */
import { useEffect, useState } from 'preact/hooks';
import { read } from '../parts/api.js';
import { html } from '../parts/html.js';
import { Command, Glyph, Heading, When } from '../parts/marks.js';
import { command, many, number, opened } from '../parts/words.js';

const againMs = 60_000;
const askedMax = 500;
const rowsMax = 8;

/** Reads the list every minute and when the number of held messages changes; undefined at first. */
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
        ${guarding ? 'Mail that no rule allows is held' : 'Observing only: rules hold no mail'}
      </span>
    <//>
    <ul class="rows">
      ${first.map(
        (one) => html`<${Row} key=${one.account} script=${one} rules=${rules} open=${open} />`,
      )}
    </ul>
    ${
      (known > first.length || unruled > 0) &&
      html`<p class="same">
        <span class="quiet">
          ${
            unruled > 0
              ? `${many(unruled, 'script')} without a rule`
              : many(known - first.length, 'more script')
          }
        </span>
        <${Command} text=${command('scripts', 'list')} />
      </p>`
    }
  </section>`;
}

/** Puts odd mail of the last seven days first, then scripts without a rule, the busiest first. */
function urgency({ odd, oddAt, rule, lastAt, messages }) {
  const recent = odd > 0 && lastAt - oddAt < 7 * 86_400_000;
  return (recent ? 2e9 : 0) + (rule === '' ? 1e9 : 0) + Math.min(messages, 1e8);
}

function Row({ script, rules, open }) {
  const { account, subject, user, uid, messages, recipients, held, lastAt, odd, oddText } = script;
  const rule = rules.find(({ id }) => id === script.rule);
  const known = rule === undefined ? 'no rule' : `${rule.effect}, rule ${rule.id}`;
  return html`<li class="script">
    <div>
      <button class="name" type="button" onClick=${() => open(account)}>${subject}</button>
      <p class="quiet">
        User ${user || `number ${uid}`}: ${many(messages, 'message')}
        ${' '}to ${many(recipients, 'recipient')}${held > 0 ? `, ${number(held)} held` : ''},
        ${' '}last <${When} at=${lastAt} />
      </p>
      ${odd > 0 && html`<p class="script-odd"><${Glyph} of="watch" />${opened(oddText)}</p>`}
      ${
        script.suggestion !== '' &&
        html`<p class="script-fit">
          <span class="quiet">A rule that fits the mail so far:</span>
          ${' '}<${Command} text=${script.suggestion} />
        </p>`
      }
    </div>
    <span class=${`tag rule-${rule?.effect ?? 'none'}`}>${known}</span>
  </li>`;
}
