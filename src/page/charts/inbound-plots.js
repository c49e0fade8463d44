/**
 * Two charts by day, one above the other: honest-looking mail that waited, and the longest wait in
 * minutes.
 */
import Plot from 'uplot';
import { html } from '../parts/html.js';
import { upward } from './chart.js';
import { dayParts } from './day-plots.js';
import { usePlots } from './plots.js';

const countHeight = 112;
const waitHeight = 104;

export function InboundPlots({ days, said }) {
  const place = usePlots({
    data: columns(days),
    heights: [countHeight, waitHeight],
    draw: drawn,
    redrawn: [],
    of: days,
  });
  return html`<div class="chart" ref=${place} role="img" aria-label=${said}></div>`;
}

function columns(days) {
  const seconds = days.map((one) => one.at / 1_000);
  return [
    [seconds, days.map((one) => one.honest)],
    [seconds, days.map((one) => one.longestMs / 60_000 || null)],
  ];
}

function drawn(place, [counts, waits]) {
  const { bar, colour, down, shared: common } = dayParts(place);
  const shared = { ...common, cursor: { show: false } };
  const upper = { ...bar, stroke: colour('--pass'), fill: colour('--pass-soft') };
  const lower = { ...bar, stroke: colour('--watch-fill'), fill: colour('--surface') };
  return [
    new Plot(
      {
        ...shared,
        height: countHeight,
        series: [{}, upper],
        axes: [{ ...down, show: false }, upward(colour, 'waited')],
      },
      counts,
      place,
    ),
    new Plot(
      {
        ...shared,
        height: waitHeight,
        series: [{}, lower],
        axes: [down, upward(colour, 'minutes')],
      },
      waits,
      place,
    ),
  ];
}
