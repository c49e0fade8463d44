/**
 * Two charts by day, one above the other: all messages, and those that look like spam or were
 * stopped.
 */
import Plot from 'uplot';
import { html } from '../parts/html.js';
import { across, fromZero, upward } from './chart.js';
import { usePlots } from './plots.js';

const allHeight = 128;
const badHeight = 104;

export function DayPlots({ days, scored, onDay, said }) {
  const place = usePlots({
    data: columns(days, scored),
    heights: [allHeight, badHeight],
    draw: (element, data) => drawn(element, data, scored, onDay),
    redrawn: [scored],
    of: days,
  });
  return html`<div class="chart" ref=${place} role="img" aria-label=${said}></div>`;
}

function columns(days, scored) {
  const seconds = days.map((one) => one.at / 1_000);
  const bad = days.map((one) => (scored ? one.spam + one.viruses : one.stopped) || null);
  return [
    [seconds, days.map((one) => one.messages)],
    [seconds, bad],
  ];
}

function drawn(place, [allData, badData], scored, onDay) {
  const { bar, colour, down, shared } = dayParts(place);
  const cursor = {
    sync: { key: Plot.sync('days').key },
    y: false,
    drag: { x: false, y: false },
    points: { show: false },
  };
  const hooks = { setCursor: [(plot) => onDay(plot.cursor.idx ?? undefined)] };
  const all = { ...bar, stroke: colour('--pass'), fill: colour('--pass-soft') };
  const bad = {
    ...bar,
    stroke: colour(scored ? '--stop-fill' : '--watch-fill'),
    fill: colour(scored ? '--stop-fill' : '--surface'),
  };
  return [
    new Plot(
      {
        ...shared,
        height: allHeight,
        cursor,
        hooks,
        series: [{}, all],
        axes: [{ ...down, show: false }, upward(colour, 'messages')],
      },
      allData,
      place,
    ),
    new Plot(
      {
        ...shared,
        height: badHeight,
        cursor,
        series: [{}, bad],
        axes: [down, upward(colour, scored ? 'like spam' : 'stopped')],
      },
      badData,
      place,
    ),
  ];
}

/** What charts by day have in common: `bar` of a series, `down` for the axis with the days. */
export function dayParts(place) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const bars = Plot.paths.bars({ size: [0.72, 22], align: 0 });
  return {
    colour,
    bar: { paths: bars, width: 1.5, points: { show: false } },
    down: { ...across(colour), values: (_plot, splits) => splits.map(dayOfMonth) },
    shared: {
      width: place.clientWidth,
      legend: { show: false },
      padding: [10, 18, 8, 0],
      scales: { x: { range: wholeDays }, y: { range: fromZero } },
    },
  };
}

/** Adds half a day on either side, so that the first and last bars are complete. */
function wholeDays(_plot, first, last) {
  return [first - 43_200, last + 43_200];
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Uses UTC, because in some time zones the local date would be the day before. */
function dayOfMonth(seconds) {
  const date = new Date(seconds * 1_000);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}
