/**
 * Plots, one above the other in one element: as wide as it is, in the colours of the moment, with
 * the newest numbers.
 */
import { useEffect, useRef } from 'preact/hooks';

/**
 * `data`: one for each plot. `draw(element, data)` answers with the plots, whose heights are `heights`; it is called again
 * when the colours change, or one of `redrawn`. `of`: what the data are made of; when it changes,
 * they are put in. Answers with the ref of the element.
 */
export function usePlots({ data, heights, draw, redrawn, of }) {
  const place = useRef(null);
  const plots = useRef([]);
  const latest = useRef(undefined);
  latest.current = data; // a change of colours draws what is shown now
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
