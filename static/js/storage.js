// What a person has written here and the server has not got: it stays in the browser, and goes when they log out or
// somebody else logs in.
// A browser may keep its storage from pages, or be full: things are then kept as long as the page is.

const PREFIX = "chatsite.";
const OWNER = "owner";
const BROWSER = "localStorage";
/** The kind of storage that each tab has for itself; it outlives a reload. */
export const TAB = "sessionStorage";

/** Return what is kept as `name`, null where there is nothing. */
export function read(name, kind = BROWSER) {
  try {
    return JSON.parse(window[kind].getItem(PREFIX + name));
  } catch {
    return null;
  }
}

/** Keep `value` as `name`; null takes it away. */
export function write(name, value, kind = BROWSER) {
  try {
    if (value) window[kind].setItem(PREFIX + name, JSON.stringify(value));
    else window[kind].removeItem(PREFIX + name);
  } catch {
    // See above.
  }
}

/** Call `act()` whenever another tab of this browser changes what is kept as `name`. */
export function whenChanged(name, act) {
  addEventListener("storage", ({ key }) => (key === null || key === PREFIX + name) && act());
}

/** Take everything away. */
export function forgetAll() {
  [BROWSER, TAB].forEach(forget);
}

function forget(kind) {
  try {
    const keys = Object.keys(window[kind]).filter((key) => key.startsWith(PREFIX));
    keys.forEach((key) => window[kind].removeItem(key));
  } catch {
    // See above.
  }
}

// A session that expires, or is ended where no module of ours runs, leaves things behind for whoever comes next.
const { owner } = document.getElementById("chat")?.dataset ?? {};
for (const kind of [BROWSER, TAB]) {
  if (!owner || read(OWNER, kind) === owner) continue;
  forget(kind);
  write(OWNER, owner, kind);
}
