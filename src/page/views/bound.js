/**
 * Notices about mail of an account that passed; the most strangers that anybody with its password
 * reaches unseen.
 */
import { html } from '../parts/html.js';
import { Command, When } from '../parts/marks.js';
import { command, many, number } from '../parts/words.js';

const windows = [
  ['day', 'In a day'],
  ['week', 'In a week'],
  ['month', 'In 30 days'],
];
const sources = {
  'every account': 'as every account',
  'its first 30 days': 'more, because it is new here',
  'a notice before': 'up to twice what you were told of lately',
  'its own mail': '1.5 times what its own mail reaches',
  'a fixed ceiling': 'a fixed ceiling',
};
const steps = {
  'end exemption': ['To end the exemption', ['accounts', 'allow', 'NAME', '--until', 'now']],
  'change password': ['Its password was guessed', ['passwords', 'require-change', 'NAME']],
  announce: [
    'Its own mailings make this room. To announce one',
    ['accounts', 'expect', 'NAME', '--recipients', '300', '--until', 'tomorrow'],
  ],
};

const toldTexts = {
  reach: 'Many strangers reached',
  'new-client': 'Sent from a new network with a new program',
  copies: 'One text sent to many people',
  watched: 'Unusual for days, but too little to stop it',
};

/** Notices about its mail that passed. */
export function Told({ told }) {
  return html`<h3>Notices while its mail passed</h3>
    <dl class="story">
      ${told.map(
        ({ at, text, what }) => html`<dt key=${what}><${When} at=${at} /></dt>
          <dd>${toldTexts[what]}${text && html` <p class="quiet">${text}</p>`}</dd>`,
      )}
    </dl>`;
}

export function Bound({ name, bound }) {
  const { announced, invited, most, reached } = bound;
  return html`<h3>What a thief could reach</h3>
    ${
      most === undefined
        ? html`<p>There is no bound: the account is exempt, and nobody is told.</p>`
        : html`<p class="quiet">
              The most strangers that anybody with its password reaches before mail is held or you
              are told. Strangers are people that it has not written to before, and
              ${' '}who have not written to it first.
            </p>
            <dl class="story">
              ${windows.map(
                ([window, title]) => html`<dt key=${window}>${title}</dt>
                  <dd>
                    ${number(most[window])}
                    <span class="quiet">
                      ${` (${sources[bound.sources[window]]}); `}
                      reached now: ${number(reached[window])}
                    </span>
                  </dd>`,
              )}
            </dl>`
    }
    ${
      most !== undefined &&
      invited.month > 0 &&
      html`<p class="quiet">
        Includes ${many(invited.month, 'person', 'people')} in 30 days who wrote to it first, or
        ${' '}seem to: a thief can forge that.
      </p>`
    }
    ${
      announced > 0 &&
      html`<p class="quiet">
        Includes ${many(announced, 'recipient')} of an announced mailing.
      </p>`
    }
    ${bound.steps
      .filter((step) => steps[step] !== undefined)
      .map((step) => {
        const [text, words] = steps[step];
        const typed = words.map((word) => (word === 'NAME' ? name : word));
        return html`<p key=${step} class="same">
          <span class="quiet">${text}</span><${Command} text=${command(...typed)} />
        </p>`;
      })}`;
}
