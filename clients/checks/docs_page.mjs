/**
 * Reads a service's /docs in a browser and sends a call and a command from it, as a reader would:
 *
 *     node docs_page.mjs http://127.0.0.1:8101 /usr/bin/chromium show_privacy_notice register
 *
 * Prints as JSON which addresses were asked, what the browser complained about, and the answers that the page shows.
 */

import { chromium } from "playwright-core";

const [address, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const asked = [];
const complaints = [];
try {
  const page = await browser.newPage();
  page.on("request", (request) => asked.push({ url: request.url(), key: request.headers()["idempotency-key"] }));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${address}/docs`);
  const shown = {};
  for (const operation of process.argv.slice(4)) {
    const block = page.locator(`[id$="-${operation}"].opblock`);
    await block.locator(".opblock-summary-control").click();
    await block.getByRole("button", { name: "Execute" }).click();
    const status = block.locator(".live-responses-table tbody .response-col_status").first();
    await status.waitFor();
    shown[operation] = Number.parseInt(await status.innerText(), 10);
  }
  const calls = await page.locator(".opblock").count();
  const { paths } = await (await page.request.get(`${address}/docs/openapi.json`)).json();
  const described = Object.values(paths).reduce((sum, operations) => sum + Object.keys(operations).length, 0);
  console.log(JSON.stringify({ asked, complaints, calls, described, shown }));
} finally {
  await browser.close();
}
