// Opens pages of artifacts in a headless Chromium, as a phone of 400 pixels does, and prints what they did, as JSON.
//
// Reads from standard input {executable, pages: [{url, asked: [[first, second], ...], screenshot, served}]}; `served`
// maps beginnings of addresses to folders that stand for what the network would give.

import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const require = createRequire(`${process.argv[2]}/`); // the folder with node_modules
const puppeteer = require("puppeteer-core").default ?? require("puppeteer-core");
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
const { executable, pages } = JSON.parse(fs.readFileSync(0, "utf8"));

const browser = await puppeteer.launch({ executablePath: executable, args: ["--no-sandbox"] });
const found = [];
for (const { url, asked = [], screenshot, served = {} } of pages) {
  const page = await browser.newPage();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.setViewport({ width: 400, height: 800, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  await page.setRequestInterception(true);
  page.on("request", (request) => answer(request, served, new URL(url).origin));
  await page.goto(url);
  await page.waitForSelector("html[data-ready]", { timeout: 60_000 });
  const ready = await page.$eval("html", (root) => root.dataset.ready);
  const result = { ready, state: await textOf(page, "#state"), errors };
  if (ready === "true") {
    result.records = await page.evaluate(async (texts) => {
      const { ask } = await import("./page.js");
      const records = [];
      for (const [first, second] of texts) records.push(await ask(first, second ?? null));
      return records;
    }, asked);
    await page.tap("#run");
    await page.waitForSelector("#answer:not([hidden])");
    result.answer = await textOf(page, "#answer");
    await page.tap("#time");
    await page.waitForSelector("#times dd", { timeout: 60_000 });
    result.times = await page.$$eval("#times > *", (items) => items.map((item) => item.textContent));
    result.tokens = await page.$$eval("#tokens small", (items) => items.map((item) => Number(item.textContent)));
  }
  result.width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (screenshot) await page.screenshot({ path: screenshot, fullPage: true });
  await page.close();
  found.push(result);
}
await browser.close();
console.log(JSON.stringify(found));

async function textOf(page, selector) {
  return page.$eval(selector, (element) => element.textContent);
}

function answer(request, served, origin) {
  const address = request.url();
  const begin = Object.keys(served).find((prefix) => address.startsWith(prefix));
  if (begin) {
    const file = path.join(served[begin], address.slice(begin.length));
    const headers = { "Access-Control-Allow-Origin": "*" };
    request.respond({ status: 200, contentType: TYPES[path.extname(file)], headers, body: fs.readFileSync(file) });
  } else if (address.startsWith(origin) || address.startsWith("data:")) {
    request.continue();
  } else {
    request.abort();
  }
}
