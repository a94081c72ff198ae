// Asks markdown-it with markdown-it-cjk-friendly, for every character, whether "**" may open after it (before a
// full stop) and whether it may close before it (after a full stop). Writes pairs of 0 and 1 as JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const input = JSON.parse(readFileSync(0, "utf8"));
const [{ default: MarkdownIt }, { default: cjkFriendly }] = await Promise.all(
  input.modules.map((path) => import(pathToFileURL(path))),
);
const md = new MarkdownIt().use(cjkFriendly);

function scan(text, start) {
  return new md.inline.State(text, md, {}, []).scanDelims(start, true);
}

const results = [...input.characters].map(
  (char) => [Number(scan(`${char}**.`, char.length).can_open), Number(scan(`.**${char}`, 1).can_close)],
);
writeFileSync(input.output, JSON.stringify(results));
