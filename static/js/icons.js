// Icons: symbols of the sprite that chatsite/staticfiles.py makes.

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("../icons.svg", import.meta.url);

/** Return an `<svg>` of the icon called `name`, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE.pathname}#${name}`);
  svg.append(use);
  return svg;
}
