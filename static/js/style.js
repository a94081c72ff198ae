// Stylesheets of what is wanted seldom.

/** Wait until the search's own is there; asked for once. */
export function searchStyle() {
  const href = new URL("../css/search.css", import.meta.url).href;
  const there = document.head.querySelector(`link[href="${href}"]`);
  if (there) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  return new Promise((resolve, reject) => {
    Object.assign(link, { onload: resolve, onerror: () => (link.remove(), reject(new Error(href))) });
    document.head.append(link);
  });
}
