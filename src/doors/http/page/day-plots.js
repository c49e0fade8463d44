/** Two plots by day, one above the other: all messages, and those that look like spam or were stopped. */
import { useEffect, useRef } from 'preact/hooks';
import Plot from 'uplot';
import { across, fromZero, upward } from './chart.js';
import { html } from './html.js';

const allHeight = 128;
const badHeight = 104;

export function DayPlots({ days, scored, onDay, said }) {
  const place = useRef(null);
  const plots = useRef([]);
  const latest = useRef(undefined);
  latest.current = columns(days, scored); // a change of colours draws what is shown now
  useEffect(() => {
    const element = place.current;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const clear = () => {
      for (const plot of plots.current) plot.destroy();
      plots.current = [];
    };
    const draw = () => {
      clear();
      plots.current = drawn(element, latest.current, scored, onDay);
    };
    const resized = new ResizeObserver(() => {
      for (const [index, plot] of plots.current.entries()) {
        plot.setSize({ width: element.clientWidth, height: index === 0 ? allHeight : badHeight });
      }
    });
    draw();
    resized.observe(element);
    dark.addEventListener('change', draw);
    return () => {
      dark.removeEventListener('change', draw);
      resized.disconnect();
      clear();
    };
  }, [scored]);
  useEffect(() => {
    const [all, bad] = plots.current;
    all?.setData(latest.current.all);
    bad?.setData(latest.current.bad);
  }, [days]);
  return html`<div class="chart" ref=${place} role="img" aria-label=${said}></div>`;
}

function columns(days, scored) {
  const seconds = days.map((one) => one.at / 1_000);
  const bad = days.map((one) => (scored ? one.spam + one.viruses : one.stopped) || null);
  return { all: [seconds, days.map((one) => one.messages)], bad: [seconds, bad] };
}

function drawn(place, data, scored, onDay) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const bars = Plot.paths.bars({ size: [0.72, 22], align: 0 });
  const shared = {
    width: place.clientWidth,
    legend: { show: false },
    padding: [10, 6, 8, 0],
    scales: { x: { range: wholeDays }, y: { range: fromZero } },
  };
  const cursor = {
    sync: { key: Plot.sync('days').key },
    y: false,
    drag: { x: false, y: false },
    points: { show: false },
  };
  const hooks = { setCursor: [(plot) => onDay(plot.cursor.idx ?? undefined)] };
  const all = {
    ...{ paths: bars, stroke: colour('--pass'), fill: colour('--pass-soft'), width: 1.5 },
    points: { show: false },
  };
  const bad = {
    ...{ paths: bars, width: 1.5, points: { show: false } },
    stroke: colour(scored ? '--stop-fill' : '--watch-fill'),
    fill: colour(scored ? '--stop-fill' : '--surface'),
  };
  const down = { ...across(colour), values: (_plot, splits) => splits.map(dayOfMonth) };
  return [
    new Plot(
      {
        ...{ ...shared, height: allHeight, cursor, hooks, series: [{}, all] },
        axes: [{ ...down, show: false }, upward(colour, 'messages')],
      },
      data.all,
      place,
    ),
    new Plot(
      {
        ...{ ...shared, height: badHeight, cursor, series: [{}, bad] },
        axes: [down, upward(colour, scored ? 'like spam' : 'stopped')],
      },
      data.bad,
      place,
    ),
  ];
}

/** Half a day more on either side, so that the bars at the ends are whole. */
function wholeDays(_plot, first, last) {
  return [first - 43_200, last + 43_200];
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Days are UTC: a local clock would put some of them on the day before. */
function dayOfMonth(seconds) {
  const date = new Date(seconds * 1_000);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}
