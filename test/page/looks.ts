/**
 * Checks that run inside the page, as expressions. Each returns a list of faults; empty is good.
 */

/**
 * Finds text with a contrast under 4.5:1 against its ground (WCAG 2), except disabled controls and
 * text that a dialog covers.
 */
export const faintText = `(() => {
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
      if (colour[3] > 0) throw new Error('half-transparent ground: ' + at.className);
    }
    return [255, 255, 255, 1];
  };
  const root = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (text === '' || element.closest('noscript, script, :disabled') !== null) continue;
    const style = getComputedStyle(element);
    if (!element.checkVisibility() || style.clipPath !== 'none') continue;
    const [over, under] = [light(parse(style.color)), light(ground(element))];
    const ratio = (Math.max(over, under) + 0.05) / (Math.min(over, under) + 0.05);
    if (ratio < 4.5) faint.push(text.slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return faint;
})()`;

/** Finds controls that a screen reader would announce without a name. */
export const namelessControls = `[...document.querySelectorAll('button, input, [tabindex="0"]')]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    const label = one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent;
    return label.trim() === '';
  })
  .map((one) => one.outerHTML.slice(0, 120))`;

/** Finds a page or an open dialog that is wider than its window and would scroll sideways. */
export const tooWide = `[document.documentElement, ...document.querySelectorAll('dialog[open]')]
  .filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => one.tagName + ' is ' + one.scrollWidth + ' in ' + one.clientWidth)`;

/** Finds buttons, fields and texts that stick out of the window on the right. */
export const clippedText = `[...document.querySelectorAll('button, input, code, h1, h2, h3, td')]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 120))`;
