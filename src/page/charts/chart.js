/**
 * The last two hours by minute: the upper chart has passed mail, the lower one stopped mail. The
 * lower chart has a scale of its own, because 5 refused among 50 passed messages would hardly be
 * visible. Held bars are hollow and refused ones solid, so that both can be told apart without
 * colour.
 */
import { useMemo, useState } from 'preact/hooks';
import Plot from 'uplot';
import { html } from '../parts/html.js';
import { Empty, Heading } from '../parts/marks.js';
import { actsInPart } from '../parts/mode.js';
import { clockMinute, many, number, opened } from '../parts/words.js';
import { usePlots } from './plots.js';

const passHeight = 136;
const stopHeight = 112;
const axisWidth = 44;

/**
 * In mode observe the lower chart has what would have been stopped; where Postern acts on some
 * accounts, also what was stopped.
 */
export function Chart({ minutes: counted, status }) {
  const [at, setAt] = useState(undefined);
  const { mode } = status;
  const isPart = actsInPart(status);
  const would = isPart ? 'were or would have been ' : mode === 'observe' ? 'would have been ' : '';
  const minutes = useMemo(
    () => counted.map((one) => ({ ...one, ...stopsOf(one, mode, isPart) })),
    [counted, mode, isPart],
  );
  const total = sumOf(minutes);
  const shown = at === undefined ? undefined : minutes[at];
  return html`<section aria-labelledby="flow">
    <${Heading} id="flow" title="Messages per minute">
      ${minutes.length > 0 && html`<${Readout} ...${{ shown, total, would }} />`}
    <//>
    ${
      minutes.length === 0
        ? html`<${Empty}>A chart of the last two hours appears here with the first message.<//>`
        : html`<${Canvas} ...${{ minutes, total, would, onMinute: setAt }} />
            <${AsTable} ...${{ minutes, would }} />`
    }
  </section>`;
}

function stopsOf({ delay, hold, observed, refuse }, mode, isPart) {
  if (mode === 'guard') return undefined;
  if (!isPart) return observed;
  return {
    delay: delay + observed.delay,
    hold: hold + observed.hold,
    refuse: refuse + observed.refuse,
  };
}

function sumOf(minutes) {
  const total = { pass: 0, delay: 0, hold: 0, refuse: 0 };
  for (const minute of minutes) for (const key of Object.keys(total)) total[key] += minute[key];
  return total;
}

function Readout({ shown, total, would }) {
  const { pass, delay, hold, refuse } = shown ?? total;
  const when = shown === undefined ? 'Last two hours' : `At ${clockMinute(shown.at)}`;
  return html`<p class="readout">
    <span class="quiet">${when}</span>
    <span class="key pass"><i></i>${number(pass)} passed</span>
    <span class="key hold"><i></i>${number(hold + delay)} ${would}held or delayed</span>
    <span class="key refuse"><i></i>${number(refuse)} ${would}refused</span>
  </p>`;
}

function Canvas({ minutes, onMinute, total, would }) {
  const place = usePlots({
    data: columns(minutes),
    heights: [passHeight, stopHeight],
    draw: (element, data) => drawn(element, data, { onMinute, would }),
    redrawn: [would],
    of: minutes,
  });
  const said =
    `Last two hours by minute: ${many(total.pass, 'message')} passed, ` +
    `${total.hold + total.delay} ${would}held or delayed, ${total.refuse} ${would}refused. ` +
    'The table below has the numbers.';
  return html`<div class="chart" ref=${place} role="img" aria-label=${said}></div>`;
}

/** Stacks stopped mail: refused at the bottom, held or delayed on top. */
function columns(minutes) {
  const seconds = minutes.map((one) => one.at / 1_000);
  const refused = minutes.map((one) => one.refuse || null);
  const stopped = minutes.map((one) => {
    const other = one.hold + one.delay;
    return other === 0 ? null : other + one.refuse;
  });
  return [
    [seconds, minutes.map((one) => one.pass)],
    [seconds, stopped, refused],
  ];
}

function drawn(place, [passData, stopData], { onMinute, would }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const bars = Plot.paths.bars({ size: [0.72, 14], align: 0 });
  const sync = Plot.sync('minutes');
  // On the right there is room for half of the last time.
  const shared = { width: place.clientWidth, legend: { show: false }, padding: [10, 18, 8, 0] };
  const cursor = {
    sync: { key: sync.key },
    y: false,
    drag: { x: false, y: false },
    points: { show: false },
  };
  const hooks = { setCursor: [(plot) => onMinute(plot.cursor.idx ?? undefined)] };
  const pass = new Plot(
    {
      ...shared,
      height: passHeight,
      cursor,
      hooks,
      scales: { y: { range: fromZero } },
      axes: [{ ...across(colour), show: false }, upward(colour, 'passed')],
      series: [
        {},
        {
          stroke: colour('--pass'),
          fill: colour('--pass-soft'),
          width: 1.5,
          points: { show: false },
        },
      ],
    },
    passData,
    place,
  );
  const stop = new Plot(
    {
      ...shared,
      height: stopHeight,
      cursor,
      scales: { y: { range: fromZero } },
      axes: [across(colour), upward(colour, would.startsWith('would') ? 'would stop' : 'stopped')],
      series: [
        {},
        {
          paths: bars,
          stroke: colour('--watch-fill'),
          fill: colour('--surface'),
          width: 1.5,
          points: { show: false },
        },
        {
          paths: bars,
          stroke: colour('--stop-fill'),
          fill: colour('--stop-fill'),
          width: 1,
          points: { show: false },
        },
      ],
    },
    stopData,
    place,
  );
  return [pass, stop];
}

/** A scale from 0 to at least 4 messages, so that a single held message does not fill the chart. */
export function fromZero(_plot, _low, high) {
  return [0, Math.max(4, Math.ceil(high * 1.1))];
}

export function across(colour) {
  return {
    stroke: colour('--muted'),
    font: '12px system-ui, sans-serif',
    grid: { show: false },
    ticks: { stroke: colour('--line'), size: 4 },
    size: 28,
    space: 72,
    values: (_plot, splits) => splits.map((second) => clockMinute(second * 1_000)),
  };
}

export function upward(colour, label) {
  return {
    stroke: colour('--muted'),
    font: '12px system-ui, sans-serif',
    label,
    labelFont: '12px system-ui, sans-serif',
    labelSize: 18,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    size: axisWidth,
    space: 24,
    incrs: [
      1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
      200_000, 500_000, 1_000_000,
    ],
  };
}

/** The same numbers as a table, ten minutes a row, for readers who cannot use the chart. */
function AsTable({ minutes, would }) {
  const rows = [];
  for (let start = 0; start < minutes.length; start += 10) {
    const part = minutes.slice(start, start + 10);
    rows.push({ at: part[0].at, ...sumOf(part) });
  }
  return html`<details class="as-table">
    <summary>As a table</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Ten minutes from</th>
          <th scope="col">Passed</th>
          <th scope="col">${opened(`${would}delayed`)}</th>
          <th scope="col">${opened(`${would}held`)}</th>
          <th scope="col">${opened(`${would}refused`)}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr key=${row.at}>
            <th scope="row">${clockMinute(row.at)}</th>
            <td>${number(row.pass)}</td>
            <td>${number(row.delay)}</td>
            <td>${number(row.hold)}</td>
            <td>${number(row.refuse)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
