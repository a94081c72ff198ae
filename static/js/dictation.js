// Dictating a question, where the browser recognises speech on the device itself: what is said goes to nobody's server.
// https://webaudio.github.io/web-speech-api/#dom-speechrecognition-processlocally

import { t } from "./i18n.js";

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
const USUAL = { en: "en-US", zh: "zh-CN" };
const REFUSED = new Set(["not-allowed", "service-not-allowed"]);

/** Return the language of the page as recognisers know it, in the person's own variant where they have one. */
function languageSpoken() {
  const [main] = document.documentElement.lang.split("-");
  const own = navigator.languages.find((tag) => tag.startsWith(`${main}-`) && !tag.startsWith("zh-Han"));
  return own ?? USUAL[main];
}

/** The button beside the question, and what it listens with. */
class Dictation {
  constructor(button, composer, lang) {
    this.button = button;
    this.composer = composer;
    this.recognition = Object.assign(new Recognition(), {
      lang,
      processLocally: true,
      continuous: true,
      interimResults: true,
    });
    this.recognition.addEventListener("result", (event) => this.heard(event.results));
    this.recognition.addEventListener("error", (event) => this.failed(event.error));
    this.recognition.addEventListener("end", () => this.show(false));
    button.addEventListener("click", () => (this.isOn ? this.stop() : this.start()));
    // What is sent, or changed by hand, is not written over.
    composer.form.addEventListener("submit", () => this.stop());
    composer.field.addEventListener("keydown", () => this.stop());
  }

  get isOn() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  show(isOn) {
    this.button.setAttribute("aria-pressed", isOn);
  }

  start() {
    const { field } = this.composer;
    const { selectionStart, selectionEnd, value } = field;
    this.before = value.slice(0, selectionStart);
    this.after = value.slice(selectionEnd);
    this.recognition.start();
    this.show(true);
    this.composer.focus();
  }

  stop() {
    if (!this.isOn) return;
    this.recognition.abort();
    this.show(false);
  }

  heard(results) {
    if (!this.isOn) return;
    const { field } = this.composer;
    const said = [...results].map(([best]) => best.transcript).join("");
    field.value = this.before + said + this.after;
    field.setSelectionRange(this.before.length + said.length, this.before.length + said.length);
    this.composer.changed();
  }

  failed(code) {
    this.show(false);
    if (code === "aborted" || code === "no-speech") return;
    const text = REFUSED.has(code)
      ? t("This browser does not let the site use the microphone.")
      : t("Dictating did not work. Try again.");
    this.composer.refuse({ text, code: "dictation" });
  }
}

/** Offer it in `main` if this browser can do it here and now, without asking anybody and without a download. */
export async function offer(main, composer) {
  const lang = languageSpoken();
  if ((await Recognition.available({ langs: [lang], processLocally: true })) !== "available") return;
  const button = main.querySelector("[data-action=dictate]");
  new Dictation(button, composer, lang);
  button.hidden = false;
}
