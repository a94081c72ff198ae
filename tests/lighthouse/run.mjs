// Runs Lighthouse on pages in one Chromium. Standard input: JSON of the `base` address, `cookies`, Chromium's path and
// the pages as [name, path, visitor]; each line of standard output: JSON of one page in one form.
import { readFileSync } from "node:fs";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import desktop from "lighthouse/core/config/desktop-config.js";
import puppeteer from "puppeteer-core";

const { base, cookies, chromium, pages } = JSON.parse(readFileSync(0, "utf8"));
const chromeFlags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
const chrome = await launch({ chromePath: chromium, chromeFlags });
// Chromium sends no cookies that come as a header of the debugger.
const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}` });
const jar = Object.entries(cookies).map(([key, value]) => ({ name: key, value, domain: new URL(base).hostname, path: "/" }));
for (const [name, path, visitor] of pages) {
  if (visitor) await browser.setCookie(...jar);
  for (const form of ["desktop", "mobile"]) {
    const options = {
      port: chrome.port,
      onlyCategories: ["accessibility", "best-practices"],
      logLevel: "error",
      disableStorageReset: true,
    };
    const { lhr } = await lighthouse(base + path, options, form === "desktop" ? desktop : undefined);
    if (new URL(lhr.finalDisplayedUrl).pathname !== path) throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`);
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([key, { score }]) => [key, Math.round(100 * score)]));
    process.stdout.write(`${JSON.stringify({ name, form, scores, version: lhr.lighthouseVersion })}\n`);
  }
}
await browser.disconnect();
await chrome.kill();
