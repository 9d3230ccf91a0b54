/** What the tests stand on: a line to a service that answers as told, and a time that passes only while it is waited. */

import { openPaspor } from "../dist/index.js";

export const ADDRESS = "http://gateway.example";

/** A clock whose pauses are noted and take no time. */
export function quickClock() {
  const pauses = [];
  return { pauses, now: () => pauses.reduce((sum, ms) => sum + ms, 0), pause: async (ms) => void pauses.push(ms) };
}

/** Answers in order, the last one again; an error breaks the line. Requests are noted with their bodies. */
export function lineOf(...answers) {
  const requests = [];
  async function send(request) {
    requests.push({ method: request.method, headers: request.headers, body: await request.text() });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer.clone();
  }
  return { requests, send };
}

/** An answer with JSON. */
export function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}

/** An answer without a body. */
export function bare(status, headers = {}) {
  return new Response(null, { status, headers });
}

/** The line broke before an answer, as `fetch` says it. */
export function broken() {
  return new TypeError("fetch failed");
}

/** A client over such a line. */
export function opened(send, clock = quickClock(), more = {}) {
  return openPaspor({ address: `${ADDRESS}/`, token: "invented", language: "en", fetch: send, clock, ...more });
}
