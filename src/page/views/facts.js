/** What a person wants to know before deciding about an account: its mail since the first sign. */
import { html } from '../parts/html.js';
import { When } from '../parts/marks.js';
import { visible } from '../parts/strangers.js';
import { many, number, opened } from '../parts/words.js';

export function Facts({ facts }) {
  const { clientCount, clients, domainCount, domains, messages, since } = facts;
  const { recipientCount, recipients, subjectCount, subjects, unnamed } = facts;
  return html`<h3>Its mail since <${When} at=${since} /></h3>
    <dl class="story account-facts">
      <${Fact} name="Messages">${number(messages)}<//>
      ${
        clients.length > 0 &&
        html`<${Fact} name="Sent from">
          ${clients.map((one) => html`<${Client} key=${one.address} client=${one} />`)}
          <${More} shown=${clients.length} of=${clientCount} />
        <//>`
      }
      ${
        subjects.length > 0 &&
        html`<${Fact} name="Subjects">
          ${subjects.map(
            ({ messages: count, subject }) =>
              html`<p key=${subject}>
                ${visible(subject)} <span class="quiet">${many(count, 'message')}</span>
              </p>`,
          )}
          <${More} shown=${subjects.length} of=${subjectCount} />
        <//>`
      }
      ${
        recipientCount > 0 &&
        html`<${Fact} name="To">
          ${recipients.map(visible).join(', ')}
          <${More} shown=${recipients.length} of=${recipientCount} />
          ${
            unnamed > 0 &&
            html`<p class="unkept">${many(unnamed, 'address', 'addresses')} not kept</p>`
          }
        <//>`
      }
      ${
        domains.length > 0 &&
        html`<${Fact} name="Domains">
          ${domains
            .map(({ domain, recipients: count }) => `${visible(domain)} ${number(count)}`)
            .join(', ')}
          <${More} shown=${domains.length} of=${domainCount} />
        <//>`
      }
      <${Before} ...${facts} />
      <${Answers} answers=${facts.answers} />
    </dl>
    ${facts.remarks.map((said) => html`<p key=${said} class="quiet">${said}</p>`)}`;
}

function Fact({ name, children }) {
  return html`<dt>${name}</dt>
    <dd>${children}</dd>`;
}

function More({ shown, of }) {
  return of > shown ? html`<p class="quiet">and ${number(of - shown)} more</p>` : null;
}

function Client({ client: { address, lastAt, messages, network, networkSince } }) {
  return html`<p>
    ${visible(address)}
    <span class="quiet">
      ${' '}${many(messages, 'message')}, last <${When} at=${lastAt} />
      ${
        network !== '' &&
        (networkSince === undefined
          ? ', a network it did not use before'
          : html`, ${network} in use since <${When} at=${networkSince} />`)
      }
    </span>
  </p>`;
}

/** The owner's last login, and what the password audit says. */
function Before({ lastLogin, password }) {
  return html`<${Fact} name="Last good login">
      ${
        lastLogin === undefined
          ? 'None is known from a network that it used before'
          : html`<${When} at=${lastLogin.at} /> from${' '}
              ${visible(lastLogin.address || lastLogin.network)}`
      }
    <//>
    <${Fact} name="Password">${opened(password.text)}<//>`;
}

/** What mail servers refused or put off. */
function Answers({ answers }) {
  if (answers.length === 0) return null;
  return html`<${Fact} name="Answers">
    ${answers.map(
      ({ messages, name, outcome, reply }) => html`<div key=${`${name} ${reply}`}>
        <p>
          ${visible(name)} ${outcome === 'deferred' ? 'put off' : 'refused'}
          ${' '}${many(messages, 'message')}:
        </p>
        <p class="reply" dir="ltr">${visible(reply)}</p>
      </div>`,
    )}
  <//>`;
}
