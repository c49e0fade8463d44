/**
 * Two charts of a lane, one above the other: which part of the answers put our mail off, and how
 * long mail took that was delivered. A step without mail is a gap.
 */
import { useState } from 'preact/hooks';
import Plot from 'uplot';
import { html } from '../parts/html.js';
import { duration, many, number, percent, stamp } from '../parts/words.js';
import { across, upward } from './chart.js';
import { usePlots } from './plots.js';

const shareHeight = 112;
const delayHeight = 128;
const dayMs = 86_400_000;
const rowsMax = 24;

export function LanePlots({ samples, since, range }) {
  const [at, setAt] = useState(undefined);
  const steps = everyStep(samples, since, range);
  const place = usePlots({
    data: columns(steps),
    heights: [shareHeight, delayHeight],
    draw: (element, data) => drawn(element, data, { range, onStep: setAt }),
    redrawn: [range.name],
    of: samples,
  });
  const total = sumOf(samples);
  const said =
    `Last ${range.name}: ${percent(shareOf(total))} of ${many(answersOf(total), 'answer')} ` +
    'put mail off. The table below has the numbers.';
  return html`<div class="lane-charts">
    <${Readout} step=${at === undefined ? undefined : steps[at]} total=${total} range=${range} />
    <div class="chart" ref=${place} role="img" aria-label=${said}></div>
    <${AsTable} steps=${steps} range=${range} />
  </div>`;
}

function answersOf({ bounced, deferred, sent }) {
  return sent + deferred + bounced;
}

function shareOf(step) {
  const answers = answersOf(step);
  return answers === 0 ? 0 : step.deferred / answers;
}

function sumOf(samples) {
  const total = { sent: 0, deferred: 0, bounced: 0 };
  for (const one of samples) for (const key of Object.keys(total)) total[key] += one[key];
  return total;
}

/** All steps of the range, oldest first; those without mail have only their time. */
function everyStep(samples, since, { ms, stepMs }) {
  const byTime = new Map(samples.map((one) => [one.at, one]));
  const steps = [];
  for (let at = since; at < since + ms; at += stepMs) {
    steps.push(byTime.get(at) ?? { at, sent: 0, deferred: 0, bounced: 0 });
  }
  return steps;
}

function columns(steps) {
  const seconds = steps.map((one) => one.at / 1_000);
  const known = (value) => value ?? null;
  return [
    [seconds, steps.map((one) => (answersOf(one) === 0 ? null : shareOf(one) * 100))],
    [seconds, steps.map((one) => known(one.delayP50)), steps.map((one) => known(one.delayP95))],
  ];
}

function Readout({ step, total, range }) {
  const shown = step ?? total;
  const when = step === undefined ? `Last ${range.name}` : stamp(step.at);
  return html`<p class="readout">
    <span class="quiet">${when}</span>
    <span class="key put-off"><i></i>${percent(shareOf(shown))} put off</span>
    <span>${number(shown.sent)} taken, ${number(shown.bounced)} refused</span>
    <span class="key half"><i></i>half delivered${within(step?.delayP50)}</span>
    <span class="key most"><i></i>95 % delivered${within(step?.delayP95)}</span>
  </p>`;
}

function within(seconds) {
  return seconds === undefined ? '' : ` within ${duration(seconds)}`;
}

function delayOf(seconds) {
  return seconds === undefined ? '–' : duration(seconds);
}

function drawn(place, [shareData, delayData], { range, onStep }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const shared = { width: place.clientWidth, legend: { show: false }, padding: [10, 18, 8, 0] };
  const cursor = {
    sync: { key: Plot.sync(`lane ${laneNumber++}`).key },
    y: false,
    drag: { x: false, y: false },
    points: { show: false },
  };
  const hooks = { setCursor: [(plot) => onStep(plot.cursor.idx ?? undefined)] };
  const down = range.ms > dayMs ? { ...across(colour), values: days } : across(colour);
  const bars = Plot.paths.bars({ size: [0.8, 14], align: 1 });
  const line = (name, dash) => ({
    stroke: colour(name),
    width: 1.75,
    dash,
    points: { show: true, size: 4, fill: colour(name) },
  });
  return [
    new Plot(
      {
        ...shared,
        height: shareHeight,
        cursor,
        hooks,
        scales: { y: { range: [0, 100] } },
        axes: [
          { ...down, show: false },
          { ...upward(colour, 'put off'), incrs: [50], values: (_plot, all) => all.map(inHundred) },
        ],
        series: [
          {},
          { paths: bars, stroke: colour('--watch-fill'), fill: colour('--watch-fill'), width: 1 },
        ],
      },
      shareData,
      place,
    ),
    new Plot(
      {
        ...shared,
        height: delayHeight,
        cursor,
        scales: { y: { range: (_plot, _low, high) => [0, Math.max(10, (high ?? 0) * 1.1)] } },
        axes: [
          down,
          {
            ...upward(colour, 'delay'),
            incrs: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800],
            values: (_plot, all) => all.map(duration),
          },
        ],
        series: [{}, line('--pass'), line('--accent', [5, 4])],
      },
      delayData,
      place,
    ),
  ];
}

/** Charts of different lanes have cursors of their own. */
let laneNumber = 0;

function inHundred(value) {
  return `${value} %`;
}

function days(_plot, splits) {
  return splits.map((second) => stamp(second * 1_000).replace(/ \d{4},.*$/, ''));
}

/** The same numbers as a table, newest first, for readers who cannot use the chart. */
function AsTable({ steps, range }) {
  const rows = steps.filter((one) => answersOf(one) > 0).toReversed();
  return html`<details class="as-table">
    <summary>As a table</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Taken</th>
          <th scope="col">Put off</th>
          <th scope="col">Refused</th>
          <th scope="col">Half within</th>
          <th scope="col">95 % within</th>
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, rowsMax).map(
          (row) => html`<tr key=${row.at}>
            <th scope="row">${stamp(row.at)}</th>
            <td>${number(row.sent)}</td>
            <td>${number(row.deferred)}</td>
            <td>${number(row.bounced)}</td>
            <td>${delayOf(row.delayP50)}</td>
            <td>${delayOf(row.delayP95)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${
      rows.length > rowsMax &&
      html`<p class="quiet">
        And ${many(rows.length - rowsMax, 'earlier step')} of the last ${range.name}.
      </p>`
    }
  </details>`;
}
