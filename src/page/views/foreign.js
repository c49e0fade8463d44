/** Mail that no key signed because its account may not write as the author in From. */
import { html } from '../parts/html.js';
import { Command, Heading, When } from '../parts/marks.js';
import { command, many } from '../parts/words.js';

export function Foreign({ view, open, explain }) {
  const pairs = view.status.foreign;
  if (pairs.length === 0) return null;
  return html`<section aria-labelledby="foreign">
    <${Heading} id="foreign" title="Writing as others" />
    <ul class="rows small">
      ${pairs.map(
        (one) => html`<li key=${`${one.account} ${one.address}`}>
          <button class="name" type="button" onClick=${() => open(one.account)}>
            ${one.account}
          </button>
          ${` as ${one.address === '' ? 'further addresses' : one.address}: `}
          ${many(one.messages, 'message')} without a signature, last${' '}
          ${
            one.lastId === ''
              ? html`<${When} at=${one.lastAt} />`
              : html`<button class="id" type="button" onClick=${() => explain(one.lastId)}>
                  ${one.lastId}
                </button>`
          }
          ${
            one.address !== '' &&
            html`<p class="same">
              <span class="quiet">To allow it</span>
              <${Command}
                text=${command('accounts', 'may-write-as', one.account, one.address)}
              />
            </p>`
          }
        </li>`,
      )}
    </ul>
  </section>`;
}
