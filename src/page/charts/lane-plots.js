/** Two charts of one lane: the part of its attempts that were put off, and its delay. */
import Plot from 'uplot';
import { html } from '../parts/html.js';
import { Empty } from '../parts/marks.js';
import { clockMinute, number, stamp } from '../parts/words.js';
import { across, upward } from './chart.js';
import { usePlots } from './plots.js';

const heights = [128, 128];
const rowsMax = 48;
/** With more, the line shows enough. */
const pointsMax = 24;

export function LanePlots({ samples }) {
  if (samples.length === 0) return html`<${Empty}>No attempts in this time.<//>`;
  return html`<${Canvas} samples=${samples} /><${AsTable} samples=${samples} />`;
}

function Canvas({ samples }) {
  const place = usePlots({
    data: columns(samples),
    heights,
    draw: drawn,
    redrawn: [],
    of: samples,
  });
  const said =
    'Part of the attempts that were put off, in percent, and the delay of delivered mail in ' +
    'seconds. The table below has the numbers.';
  return html`<div class="chart" ref=${place} role="img" aria-label=${said}></div>`;
}

function shareOf({ bounced, deferred, sent }) {
  const all = sent + deferred + bounced;
  return all === 0 ? null : Math.round((deferred / all) * 100);
}

function columns(samples) {
  const seconds = samples.map((one) => one.at / 1_000);
  return [
    [seconds, samples.map(shareOf)],
    [
      seconds,
      samples.map((one) => one.delayP50 ?? null),
      samples.map((one) => one.delayP95 ?? null),
    ],
  ];
}

function drawn(place, [shares, delays]) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const shared = { width: place.clientWidth, legend: { show: false }, padding: [10, 18, 8, 0] };
  const cursor = { show: false };
  const line = (name, more = {}) => ({
    stroke: colour(name),
    width: 1.5,
    points: { show: shares[0].length <= pointsMax, size: 5, fill: colour(name) },
    ...more,
  });
  const x = { range: (_plot, first, last) => [first - 600, last + 600] };
  const below = { ...across(colour), values: (_plot, splits) => splits.map(dayOrTime) };
  return [
    new Plot(
      {
        ...shared,
        height: heights[0],
        cursor,
        scales: { x, y: { range: [0, 100] } },
        axes: [{ ...below, show: false }, upward(colour, '% put off')],
        series: [{}, line('--watch-fill')],
      },
      shares,
      place,
    ),
    new Plot(
      {
        ...shared,
        height: heights[1],
        cursor,
        scales: { x, y: { range: (_plot, _low, high) => [0, Math.max(10, high * 1.1)] } },
        axes: [below, upward(colour, 'seconds')],
        series: [{}, line('--pass'), line('--stop-fill', { dash: [4, 4] })],
      },
      delays,
      place,
    ),
  ];
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The day at midnight, else the time. */
function dayOrTime(second) {
  const time = clockMinute(second * 1_000);
  return time === '00:00' ? day.format(second * 1_000) : time;
}

function AsTable({ samples }) {
  return html`<p class="quiet">
      Delay: half of the mail was faster than the whole line, 95 % than the dashed line.
    </p>
    <details class="as-table">
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Taken</th>
            <th scope="col">Put off</th>
            <th scope="col">Refused</th>
            <th scope="col">95 % faster than</th>
          </tr>
        </thead>
        <tbody>
          ${samples.slice(-rowsMax).map(
            (one) => html`<tr key=${one.at}>
              <th scope="row">${stamp(one.at)}</th>
              <td>${number(one.sent)}</td>
              <td>${number(one.deferred)}</td>
              <td>${number(one.bounced)}</td>
              <td>${one.delayP95 === undefined ? '—' : `${number(one.delayP95)} s`}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </details>`;
}
