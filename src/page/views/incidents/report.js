/** The report of an incident for a provider or an abuse desk: to read, copy and download. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { readText } from '../../parts/api.js';
import { html } from '../../parts/html.js';
import { Command } from '../../parts/marks.js';
import { command } from '../../parts/words.js';

export function Report({ incident, answers }) {
  const choices = [
    ...forProviders(answers),
    { key: 'abuse', to: 'abuse', title: 'Network of the thief' },
  ];
  const [key, choose] = useState(choices[0].key);
  const chosen = choices.find((one) => one.key === key) ?? choices[0];
  const query = new URLSearchParams({ to: chosen.to, as: 'text' });
  if (chosen.provider !== undefined) query.set('provider', chosen.provider);
  const path = `/api/incidents/${encodeURIComponent(incident.id)}/report?${query}`;
  const more = chosen.provider === undefined ? [] : ['--provider', chosen.provider];
  return html`<h3>Report</h3>
    <p class="quiet">For the form of a provider, or for an abuse desk. Recipients are not named.</p>
    <div class="ranges" role="group" aria-label="Who the report is for">
      ${choices.map(
        (one) => html`<button
          key=${one.key}
          type="button"
          aria-pressed=${one.key === chosen.key}
          onClick=${() => choose(one.key)}
        >
          ${one.title}
        </button>`,
      )}
    </div>
    <${Text} key=${path} path=${path} id=${incident.id} />
    <p class="same">
      <span class="quiet">Same on the command line</span>
      <${Command} text=${command('incidents', 'report', incident.id, '--to', chosen.to, ...more)} />
    </p>`;
}

/** All providers together, and each one that put off or refused mail for a cause of ours. */
function forProviders(answers) {
  const blamed = answers.filter((one) => one.isAgainstUs && one.provider !== '');
  const names = new Map(blamed.map(({ name, provider }) => [provider, name]));
  const one = [...names].map(([provider, name]) => ({
    key: `p ${provider}`,
    to: 'provider',
    provider,
    title: name,
  }));
  return [{ key: 'all', to: 'provider', title: 'All providers' }, ...(one.length > 1 ? one : [])];
}

function Text({ path, id }) {
  const [text, setText] = useState(undefined);
  const [said, say] = useState('');
  const place = useRef(null);
  useEffect(() => {
    let isCurrent = true;
    readText(path).then(
      (found) => isCurrent && setText(found),
      (error) => isCurrent && say(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [path]);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied.');
    } catch {
      // Without HTTPS a browser lets only the person copy, except on this machine.
      getSelection().selectAllChildren(place.current);
      say('Selected: copy it with the keyboard or the menu.');
    }
  }
  return html`<div class="buttons">
      <button type="button" disabled=${text === undefined} onClick=${copy}>Copy</button>
      <a class="button" href=${path} download=${`incident-${id}.txt`}>Download</a>
      <span role="status">${said}</span>
    </div>
    ${
      text !== undefined &&
      html`<pre ref=${place} class="report" tabindex="0" aria-label="Report">${text}</pre>`
    }`;
}
