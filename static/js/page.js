// What every page does: remembers theme and time zone in cookies, so that the server draws the page right at once, has
// the account keep the theme too, and takes away what lies in the browser when its person logs out.

import { forgetAll } from "./storage.js";

const YEAR = 365 * 24 * 3600;
const THEMES = ["auto", "light", "dark"];

function setCookie(name, value) {
  const path = new URL(document.querySelector(".brand")?.href ?? "/", location.href).pathname;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; Path=${path}; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

function showTheme(button, theme) {
  document.documentElement.dataset.theme = theme;
  button.title = button.dataset[theme];
  button.setAttribute("aria-label", button.dataset[theme]);
  for (const icon of button.querySelectorAll("[data-icon]")) {
    icon.toggleAttribute("hidden", icon.dataset.icon !== theme);
  }
}

function offerThemes(button) {
  // One after the other: the last press counts.
  let saved = Promise.resolve();
  showTheme(button, document.documentElement.dataset.theme);
  button.hidden = false;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    setCookie("theme", theme);
    showTheme(button, theme);
    const body = new FormData(button.form);
    body.set("theme", theme);
    // Without a connection the choice holds in this browser.
    saved = saved.then(() => fetch(button.formAction, { method: "POST", body, redirect: "manual" })).catch(() => {});
  });
}

// The conversation of a page may have got its address after the form was drawn.
for (const form of document.querySelectorAll("form:has(button[name=language])")) {
  form.addEventListener("submit", () => (form.elements.next.value = location.pathname + location.search));
}

document.addEventListener("submit", ({ target }) => target.matches("[action$='/logout/']") && forgetAll());

// Old engines gave no zone; the server then uses its own.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) setCookie("timezone", zone);
document.querySelectorAll("[data-theme-button]").forEach(offerThemes);
