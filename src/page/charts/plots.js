/**
 * Keeps charts, one above the other in an element, up to date: width, colours and numbers.
 */
import { useEffect, useRef } from 'preact/hooks';

/**
 * Draws the charts and returns the ref of their element. `data` has one entry for each chart.
 * `draw(element, data)` returns the charts, whose heights are `heights`; it is called again when
 * the colours change, or a value in `redrawn`. `of` is the source of the data: when it changes, the
 * charts get the new data.
 */
export function usePlots({ data, heights, draw, redrawn, of }) {
  const place = useRef(null);
  const plots = useRef([]);
  const latest = useRef(undefined);
  latest.current = data; // a change of colours draws the newest data
  useEffect(() => {
    const element = place.current;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const clear = () => {
      for (const plot of plots.current) plot.destroy();
      plots.current = [];
    };
    const drawAnew = () => {
      clear();
      plots.current = draw(element, latest.current);
    };
    const resized = new ResizeObserver(() => {
      for (const [index, plot] of plots.current.entries()) {
        plot.setSize({ width: element.clientWidth, height: heights[index] });
      }
    });
    drawAnew();
    resized.observe(element);
    dark.addEventListener('change', drawAnew);
    return () => {
      dark.removeEventListener('change', drawAnew);
      resized.disconnect();
      clear();
    };
  }, redrawn);
  useEffect(() => {
    for (const [index, plot] of plots.current.entries()) plot.setData(latest.current[index]);
  }, [of]);
  return place;
}
