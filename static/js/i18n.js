// The page's data, and sentences in the person's language; conversations/js_strings.py lists every one of them.

export const page = JSON.parse(document.getElementById("page-data").textContent);

const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

/** Return `text` in the person's language, with `{name}` replaced by `params.name`. */
export function t(text, params = {}) {
  return (page.strings[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}

/** Return a number as people of that language write it, with at most one decimal. */
export function number(value) {
  return numbers.format(value);
}

/** Return the sentence for the code of an answer's end, empty where there is none; `detail` is what Ollama said. */
export function outcome(code, model, detail) {
  const params = { model, detail };
  return (page.outcomes[code] ?? "").replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}
