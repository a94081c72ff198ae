// What can be told of a text by looking at its characters; conversations/text.py holds the same rule.

// The characters that tell the language.
const START = /^[^]{0,600}/u;

function count(pattern, text) {
  return text.match(pattern)?.length ?? 0;
}

/** Return the language tag that fonts and screen readers should go by. */
export function languageOf(text) {
  const [start] = START.exec(text);
  const han = count(/[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/g, start);
  if (/[\u3041-\u30ff]/.test(start)) return "ja";
  if (/[\uac00-\ud7a3]/.test(start)) return "ko";
  return han && han * 10 >= count(/\p{L}/gu, start) ? "zh-Hans" : "en";
}

/** Return the length of `text` in Unicode code points, as the server counts. */
export function codePoints(text) {
  return text.length - count(/[\ud800-\udbff][\udc00-\udfff]/g, text);
}
