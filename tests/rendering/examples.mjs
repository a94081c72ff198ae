// Writes the examples of the CommonMark specification as JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { tests } from "commonmark-spec";

const { output } = JSON.parse(readFileSync(0, "utf8"));
writeFileSync(output, JSON.stringify(tests.map(({ markdown }) => markdown.replaceAll("→", "\t"))));
