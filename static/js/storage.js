// What a person has written here and the server has not got: it stays in the browser and goes when they log out.
// A browser may keep its storage from pages, or be full: things are then kept as long as the page is.

const PREFIX = "chatsite.";

/** Return what is kept as `name`, null where there is nothing. */
export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

/** Keep `value` as `name`; null takes it away. */
export function write(name, value) {
  try {
    if (value) localStorage.setItem(PREFIX + name, JSON.stringify(value));
    else localStorage.removeItem(PREFIX + name);
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
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    keys.forEach((key) => localStorage.removeItem(key));
  } catch {
    // See above.
  }
}
