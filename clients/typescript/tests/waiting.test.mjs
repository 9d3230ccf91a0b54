import assert from "node:assert/strict";
import { test } from "node:test";

import { GaveUp, Refused, waitUntil } from "../dist/index.js";
import { bare, broken, json, lineOf, opened, quickClock } from "./line.mjs";

const PATH = "/v1/bills/b";
const isPaid = (bill) => bill.state === "paid";

test("the service is asked to hold the call, under the ETag that was seen", async () => {
  const clock = quickClock();
  const line = lineOf(
    json(200, { state: "issued" }, { ETag: '"1"' }),
    bare(304, { "Preference-Applied": "wait=20" }),
    json(200, { state: "paid" }, { ETag: '"2"' }),
  );
  assert.deepEqual(await waitUntil(opened(line.send, clock), PATH, isPaid), { state: "paid" });
  assert.deepEqual(line.requests.map(({ headers }) => headers.get("If-None-Match")), [null, '"1"', '"1"']);
  assert.deepEqual(line.requests.map(({ headers }) => headers.get("Prefer")), [null, "wait=20", "wait=20"]);
  assert.deepEqual(clock.pauses, [], "what is held needs no pause");
});

test("each other answer is waited behind, not the first one", async () => {
  const line = lineOf(
    json(200, { state: "issued" }, { ETag: '"1"' }),
    json(200, { state: "expired" }, { ETag: '"2"' }),
    json(200, { state: "paid" }, { ETag: '"3"' }),
  );
  await waitUntil(opened(line.send), PATH, isPaid);
  assert.deepEqual(line.requests.map(({ headers }) => headers.get("If-None-Match")), [null, '"1"', '"2"']);
});

test("a call that was not held is followed by a pause", async () => {
  const clock = quickClock();
  const line = lineOf(json(200, { state: "issued" }, { ETag: '"1"' }), bare(304), json(200, { state: "paid" }));
  await waitUntil(opened(line.send, clock), PATH, isPaid);
  assert.deepEqual(clock.pauses, [500]);
});

test("a thing without an ETag is looked at again", async () => {
  const clock = quickClock();
  const line = lineOf(json(200, { state: "issued" }), json(200, { state: "paid" }));
  await waitUntil(opened(line.send, clock), PATH, isPaid);
  assert.deepEqual(clock.pauses, [500]);
  assert.equal(line.requests[1].headers.get("Prefer"), null);
});

test("it is not asked to hold longer than the caller waits", async () => {
  const line = lineOf(json(200, { state: "issued" }, { ETag: '"1"' }), json(200, { state: "paid" }));
  await waitUntil(opened(line.send), PATH, isPaid, 3);
  assert.equal(line.requests[1].headers.get("Prefer"), "wait=3");
});

test("giving up tells what was seen last", async () => {
  const line = lineOf(json(200, { state: "issued" }));
  await assert.rejects(waitUntil(opened(line.send), PATH, isPaid, 0), (gaveUp) => {
    assert.ok(gaveUp instanceof GaveUp);
    assert.deepEqual(gaveUp.seen, { state: "issued" });
    return true;
  });
});

test("a broken line or a restart in between loses nothing", async () => {
  const line = lineOf(
    json(200, { state: "issued" }, { ETag: '"1"' }),
    broken(),
    bare(503),
    json(200, { state: "paid" }, { ETag: '"2"' }),
  );
  assert.deepEqual(await waitUntil(opened(line.send), PATH, isPaid), { state: "paid" });
  assert.deepEqual(line.requests.map(({ headers }) => headers.get("If-None-Match")), [null, '"1"', '"1"', '"1"']);
});

test("a refusal ends it", async () => {
  const line = lineOf(json(404, { code: "not_found" }));
  await assert.rejects(waitUntil(opened(line.send), PATH, isPaid), (refused) => {
    assert.ok(refused instanceof Refused);
    assert.equal(refused.code, "not_found");
    return true;
  });
});
