// Makes modules small, for chatsite/minify.py: {name: source} as JSON comes in, {name: code} goes out.

import { text } from "node:stream/consumers";

import { minify } from "terser";

const sources = JSON.parse(await text(process.stdin));
const small = {};
for (const [name, source] of Object.entries(sources)) {
  const { code } = await minify({ [name]: source }, { module: true, ecma: 2020 });
  small[name] = code;
}
process.stdout.write(JSON.stringify(small));
