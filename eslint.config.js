import js from "@eslint/js";
import globals from "globals";
import noUnsanitized from "eslint-plugin-no-unsanitized";

const rules = {
  ...js.configs.recommended.rules,
  curly: ["error", "multi-line"],
  eqeqeq: "error",
  "max-lines": ["error", 350],
  "max-lines-per-function": ["error", 45],
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-var": "error",
  // What is taken out of a rest is left out on purpose.
  "no-unused-vars": ["error", { ignoreRestSiblings: true }],
  "prefer-const": "error",
  "prefer-template": "error",
};

export default [
  { ignores: ["node_modules/", "var/", ".venv/", "test-results/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["static/**/*.js"],
    plugins: noUnsanitized.configs.recommended.plugins,
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: { ...rules, ...noUnsanitized.configs.recommended.rules },
  },
  {
    files: ["**/*.mjs", "eslint.config.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals.node } },
    rules,
  },
];
