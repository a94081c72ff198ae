// The on-screen keyboard of browsers that lay it over the page instead of making the page smaller (Safari on iOS):
// the page is given the height that is left, so that the composer stays in sight.

const root = document.documentElement;

function fit() {
  const { height, scale } = visualViewport;
  // A page that was zoomed in by hand also shows less of itself.
  const isCovered = scale < 1.01 && height < innerHeight - 1;
  if (isCovered) root.style.setProperty("--visible", `${height}px`);
  else root.style.removeProperty("--visible");
  // The browser has moved the field into sight by itself, and the top of the page out of it.
  if (isCovered) scrollTo(0, 0);
}

/** Follow the keyboard from now on. */
export function followKeyboard() {
  visualViewport.addEventListener("resize", fit);
  fit();
}
