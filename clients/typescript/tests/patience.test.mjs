import assert from "node:assert/strict";
import { test } from "node:test";

import { bare, broken, json, lineOf, opened, quickClock } from "./line.mjs";

const command = { headers: { "Content-Type": "application/json" }, body: '{"applicant_id":"a"}' };

test("a command is repeated under one key, as long after as the service asks", async () => {
  const clock = quickClock();
  const line = lineOf(broken(), bare(503, { "Retry-After": "7" }), json(201, {}));
  const answer = await opened(line.send, clock).send("POST", "/v1/applications", command);
  assert.equal(answer.status, 201);
  const keys = line.requests.map((request) => request.headers.get("Idempotency-Key"));
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0], /^[0-9a-f-]{36}$/);
  assert.deepEqual(line.requests.map((request) => request.body), Array(3).fill(command.body));
  assert.equal(clock.pauses[1], 7000);
});

test("two commands have two keys, and a key of the caller is kept", async () => {
  const line = lineOf(json(201, {}));
  const paspor = opened(line.send);
  await paspor.send("POST", "/v1/applications", command);
  await paspor.send("POST", "/v1/applications", command);
  await paspor.send("PUT", "/v1/preferences", { ...command, headers: { "Idempotency-Key": "mine-and-mine" } });
  const [first, second, third] = line.requests.map((request) => request.headers.get("Idempotency-Key"));
  assert.notEqual(first, second);
  assert.equal(third, "mine-and-mine");
});

test("a piece of an upload is not repeated blindly, and has no key", async () => {
  const line = lineOf(bare(503));
  const answer = await opened(line.send).send("PATCH", "/v1/pieces", { body: "x" });
  assert.equal(answer.status, 503);
  assert.equal(line.requests.length, 1);
  assert.equal(line.requests[0].headers.get("Idempotency-Key"), null);
});

test("a broken line is the caller's where a repeat is not safe", async () => {
  const line = lineOf(broken());
  await assert.rejects(opened(line.send).send("PATCH", "/v1/pieces", { body: "x" }), /fetch failed/);
  assert.equal(line.requests.length, 1);
});

test("patience ends with the last answer", async () => {
  const clock = quickClock();
  const line = lineOf(bare(429, { "Retry-After": "25" }));
  const answer = await opened(line.send, clock, { patienceMs: 60_000 }).send("GET", "/v1/bills");
  assert.equal(answer.status, 429);
  assert.deepEqual(clock.pauses, [25_000, 25_000]);
});

test("patience ends with the broken line", async () => {
  const line = lineOf(broken());
  await assert.rejects(opened(line.send, quickClock(), { patienceMs: 1000 }).send("GET", "/v1/bills"), /fetch failed/);
  assert.ok(line.requests.length > 1);
});

test("pauses grow by chance, and not for ever", async () => {
  const clock = quickClock();
  const line = lineOf(...Array(12).fill(bare(502)), json(200, {}));
  await opened(line.send, clock, { patienceMs: 600_000 }).send("GET", "/v1/bills");
  clock.pauses.forEach((ms, tries) => assert.ok(ms <= Math.min(200 * 2 ** tries, 5000)));
});

test("a Retry-After of no time does not make a crowd of one", async () => {
  const clock = quickClock();
  const line = lineOf(bare(503, { "Retry-After": "0" }), json(200, {}));
  await opened(line.send, clock).send("GET", "/v1/bills");
  assert.ok(clock.pauses[0] > 0);
});

test("a Retry-After that is no number of seconds is not waited for", async () => {
  const clock = quickClock();
  const line = lineOf(bare(503, { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" }), json(200, {}));
  await opened(line.send, clock).send("GET", "/v1/bills");
  assert.ok(clock.pauses[0] <= 200);
});

for (const status of [400, 401, 409, 422, 500]) {
  test(`a refusal with ${status} is final`, async () => {
    const line = lineOf(bare(status));
    assert.equal((await opened(line.send).send("GET", "/v1/bills")).status, status);
    assert.equal(line.requests.length, 1);
  });
}

test("a caller who has given up is not repeated for", async () => {
  const line = lineOf(bare(503));
  const answer = await opened(line.send).send("GET", "/v1/bills", { signal: AbortSignal.abort() }).catch((no) => no);
  assert.ok(line.requests.length <= 1, String(answer));
});

test("token and body are sent to no other address", async () => {
  const line = lineOf(bare(307, { Location: "https://elsewhere.example/" }));
  const modes = [];
  const paspor = opened(async (request) => {
    modes.push(request.redirect);
    return line.send(request);
  });
  assert.equal((await paspor.send("POST", "/v1/applications", command)).status, 307);
  assert.deepEqual(modes, ["manual"]);
  assert.throws(() => paspor.send("GET", "@elsewhere.example/v1/bills"), /begins with a slash/);
  assert.equal(line.requests.length, 1);
});

test("language and token go with every call, and address and path are joined once", async () => {
  const asked = [];
  const line = lineOf(json(200, {}));
  const paspor = opened(async (request) => {
    asked.push(request.url);
    return line.send(request);
  });
  await paspor.send("GET", "/v1/bills");
  await paspor.calls.GET("/v1/preferences");
  assert.deepEqual(asked, ["http://gateway.example/v1/bills", "http://gateway.example/v1/preferences"]);
  for (const { headers } of line.requests) {
    assert.equal(headers.get("Authorization"), "Bearer invented");
    assert.equal(headers.get("Accept-Language"), "en");
  }
});
