/** Watched accounts: there is some evidence against them; at most a message or two is held. */
import { ActButton } from '../parts/away.js';
import { evidenceHeld, Gauge } from '../parts/evidence.js';
import { html } from '../parts/html.js';
import { ListEnd, ListFilter, useAccounts } from '../parts/listed.js';
import { Command, Empty, Heading, When } from '../parts/marks.js';
import { isOrWouldBe } from '../parts/mode.js';
import { suspendAccount } from '../parts/questions.js';
import { command, many, number, opened } from '../parts/words.js';

const shownFirst = 4;

export function Watched({ view, ask, open }) {
  const { status } = view;
  const list = useAccounts('watched', {
    first: view.watched,
    total: status.accounts.watched,
    shownFirst,
    nameOf: ({ account }) => account,
    rowOf: (account) => account,
  });
  return html`<section aria-labelledby="watched">
    <${Heading} id="watched" title="Watched" count=${status.accounts.watched}>
      ${
        view.watched.length > 0 &&
        html`<span class="quiet legend-note">
          Evidence; mail ${isOrWouldBe(status)} held from
          ${' '}${evidenceHeld.toFixed(2)} on (the mark)
        </span>`
      }
      <${ListFilter} list=${list} id="watched-filter" label="Filter watched accounts" />
    <//>
    ${
      view.watched.length === 0
        ? html`<${Empty}>No account shows evidence of a hijack.<//>`
        : html`<ul class="rows">
            ${list.rows.map(
              (one) => html`<${Row} key=${one.account} account=${one} ask=${ask} open=${open} />`,
            )}
          </ul>`
    }
    <${ListEnd} list=${list} what="watched account" />
    ${
      status.accounts.exempt > 0 &&
      html`<p class="same">
        <span class="quiet">Exempt now: ${many(status.accounts.exempt, 'account')}</span>
        <${Command} text=${command('accounts', 'list', '--exempt')} />
      </p>`
    }
  </section>`;
}

function signals(count) {
  return count > 1 ? `, ${number(count)} signals` : '';
}

function Row({ account, ask, open }) {
  const name = account.account;
  const strongest = [...account.reasons].sort((left, right) => right.weight - left.weight)[0];
  return html`<li class="watched">
    <div class="watched-who">
      <button class="name" type="button" onClick=${() => open(name)}>${name}</button>
      <p class="why">${opened(strongest?.text ?? '')}</p>
      <p class="quiet">
        Last mail <${When} at=${account.lastSeen} />${signals(account.reasons.length)}
      </p>
    </div>
    <div class="watched-scale">
      <${Gauge} evidence=${account.evidence} />
      <span class="figure">${account.evidence.toFixed(2)}</span>
    </div>
    <${ActButton} onClick=${() => ask(suspendAccount(name))} aria-label=${`Suspend ${name}`}>
      Suspend…
    <//>
  </li>`;
}
