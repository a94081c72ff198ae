// Colours for code. highlight.js and the language are loaded when a page first shows that language; nothing is
// guessed, and what is long stays plain, as some grammars take seconds for some texts.

const MAX_LENGTH = 20_480;
// The grammar of ini looks for the equals sign of each key to the end of the text.
const MAX_LENGTHS = { ini: 4096 };
// What grammars try at each place of a line, or of words with nothing but blanks between them, they try to its end.
const MAX_TRIED = /^[^\n]{1001}|(?<![\w\s])[\w\s]{501}/m;

// The files are named one by one, so that collecting static files can put their hashed names here.
const LOADERS = {
  bash: () => import("../../vendor/highlight/languages/bash.js"),
  c: () => import("../../vendor/highlight/languages/c.js"),
  cpp: () => import("../../vendor/highlight/languages/cpp.js"),
  csharp: () => import("../../vendor/highlight/languages/csharp.js"),
  css: () => import("../../vendor/highlight/languages/css.js"),
  dart: () => import("../../vendor/highlight/languages/dart.js"),
  diff: () => import("../../vendor/highlight/languages/diff.js"),
  dockerfile: () => import("../../vendor/highlight/languages/dockerfile.js"),
  go: () => import("../../vendor/highlight/languages/go.js"),
  graphql: () => import("../../vendor/highlight/languages/graphql.js"),
  ini: () => import("../../vendor/highlight/languages/ini.js"),
  java: () => import("../../vendor/highlight/languages/java.js"),
  javascript: () => import("../../vendor/highlight/languages/javascript.js"),
  json: () => import("../../vendor/highlight/languages/json.js"),
  kotlin: () => import("../../vendor/highlight/languages/kotlin.js"),
  latex: () => import("../../vendor/highlight/languages/latex.js"),
  lua: () => import("../../vendor/highlight/languages/lua.js"),
  makefile: () => import("../../vendor/highlight/languages/makefile.js"),
  markdown: () => import("../../vendor/highlight/languages/markdown.js"),
  nginx: () => import("../../vendor/highlight/languages/nginx.js"),
  perl: () => import("../../vendor/highlight/languages/perl.js"),
  php: () => import("../../vendor/highlight/languages/php.js"),
  powershell: () => import("../../vendor/highlight/languages/powershell.js"),
  python: () => import("../../vendor/highlight/languages/python.js"),
  r: () => import("../../vendor/highlight/languages/r.js"),
  ruby: () => import("../../vendor/highlight/languages/ruby.js"),
  rust: () => import("../../vendor/highlight/languages/rust.js"),
  scala: () => import("../../vendor/highlight/languages/scala.js"),
  scss: () => import("../../vendor/highlight/languages/scss.js"),
  shell: () => import("../../vendor/highlight/languages/shell.js"),
  sql: () => import("../../vendor/highlight/languages/sql.js"),
  swift: () => import("../../vendor/highlight/languages/swift.js"),
  typescript: () => import("../../vendor/highlight/languages/typescript.js"),
  xml: () => import("../../vendor/highlight/languages/xml.js"),
  yaml: () => import("../../vendor/highlight/languages/yaml.js"),
};

// Other names that models write after the fence.
const ALIASES = {
  "c#": "csharp", "c++": "cpp", cc: "cpp", console: "shell", cs: "csharp", docker: "dockerfile", h: "c",
  hpp: "cpp", html: "xml", js: "javascript", jsonc: "json", jsx: "javascript", kt: "kotlin", make: "makefile",
  md: "markdown", mysql: "sql", patch: "diff", pl: "perl", postgresql: "sql", ps1: "powershell", py: "python",
  python3: "python", rb: "ruby", rs: "rust", sh: "bash", svg: "xml", tex: "latex", toml: "ini", ts: "typescript",
  tsx: "typescript", yml: "yaml", zsh: "bash",
};

// Scopes within one another. Nobody writes more; each line of a terminal's text opens all of those before it again.
const MAX_DEPTH = 64;

/** Builds nodes where highlight.js would build HTML. */
class NodeEmitter {
  #stack = [document.createDocumentFragment()];

  get nodes() {
    return this.#stack[0];
  }

  addText(text) {
    if (text) this.#stack.at(-1).append(text);
  }

  startScope(scope) {
    // highlight.js gives up then, and the code stays plain.
    if (this.#stack.length > MAX_DEPTH) throw new RangeError("The scopes are nested too deeply.");
    const span = document.createElement("span");
    // "title.function" is a kind of title: colours are given by the first part.
    span.className = `hljs-${scope.split(".")[0]}`;
    this.#stack.at(-1).append(span);
    this.#stack.push(span);
  }

  endScope() {
    this.#stack.pop();
  }

  openNode(scope) {
    this.startScope(scope);
  }

  closeNode() {
    this.endScope();
  }

  __addSublanguage(emitter) {
    this.#stack.at(-1).append(emitter.nodes);
  }

  finalize() {}

  toHTML() {
    return "";
  }
}

async function load(name) {
  const core = import("../../vendor/highlight/core.js");
  const [{ default: hljs }, { default: grammar }] = await Promise.all([core, LOADERS[name]()]);
  hljs.configure({ __emitter: NodeEmitter });
  if (!hljs.getLanguage(name)) hljs.registerLanguage(name, grammar);
  return hljs;
}

/**
 * Colour the text of `code`, if `language` is known and neither the text nor a part of it is too long. Rejects with a
 * TypeError when a module cannot be loaded.
 */
export async function highlight(code, language) {
  const name = Object.hasOwn(ALIASES, language) ? ALIASES[language] : language;
  const text = code.textContent;
  if (!Object.hasOwn(LOADERS, name)) return;
  if (text.length > (MAX_LENGTHS[name] ?? MAX_LENGTH) || MAX_TRIED.test(text)) return;
  const hljs = await load(name);
  // A grammar that stumbles gives a part of the text.
  const { nodes } = hljs.highlight(text, { language: name, ignoreIllegals: true })._emitter;
  if (code.textContent === text && nodes.textContent === text) code.replaceChildren(nodes);
}
