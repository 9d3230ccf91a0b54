import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, sendPages, sendPicture } from "../dist/index.js";
import { bare, broken, json, lineOf, opened, quickClock } from "./line.mjs";

const PIECE = 256 * 1024;
const BYTES = new Uint8Array(3 * PIECE - 1000).map((_, at) => at % 251);
const PICTURE = { requirement: "ktp", fileName: "ktp.jpg", mediaType: "image/jpeg", bytes: BYTES };

/** A service that takes pieces. `trouble(offset)` is what comes instead of an answer to the first piece at an offset. */
function uploads(trouble = () => undefined) {
  const service = { taken: new Uint8Array(0), announced: undefined, pieces: 0 };
  const troubled = new Set();
  service.send = async (request) => {
    if (request.method === "POST") service.announced = await request.json();
    if (request.method === "HEAD") return bare(200, { "Upload-Offset": String(service.taken.length) });
    if (request.method !== "PATCH") {
      const shown = { document_id: "d", upload_offset: service.taken.length, state: "accepted" };
      return json(request.method === "POST" ? 201 : 200, shown);
    }
    service.pieces += 1;
    const offset = Number(request.headers.get("Upload-Offset"));
    const instead = troubled.has(offset) ? undefined : trouble(offset);
    troubled.add(offset);
    if (instead === undefined || instead.kept) {
      assert.equal(offset, service.taken.length, "a piece stands where the service is");
      service.taken = Buffer.concat([service.taken, new Uint8Array(await request.arrayBuffer())]);
    }
    if (instead?.answer !== undefined) return instead.answer;
    if (instead !== undefined) throw broken();
    return json(200, { document_id: "d", upload_offset: service.taken.length, state: "uploading" });
  };
  return service;
}

test("a picture goes in pieces, announced with its size", async () => {
  const service = uploads();
  const shown = await sendPicture(opened(service.send), "a", PICTURE);
  assert.equal(shown.state, "accepted");
  assert.equal(service.pieces, 3);
  assert.deepEqual(service.announced, {
    requirement: "ktp",
    page: 1,
    file_name: "ktp.jpg",
    media_type: "image/jpeg",
    size_bytes: BYTES.length,
  });
  assert.deepEqual(new Uint8Array(service.taken), BYTES);
});

test("the pages of an item go in their order", async () => {
  const announced = [];
  const line = async (request) => {
    if (request.method === "POST") announced.push(await request.json());
    const shown = { document_id: "d", upload_offset: request.method === "POST" ? 0 : 10, state: "accepted" };
    return json(request.method === "POST" ? 201 : 200, shown);
  };
  const { bytes: _, ...paper } = PICTURE;
  const sent = await sendPages(opened(line), "a", paper, [BYTES.slice(0, 10), BYTES.slice(0, 10)]);
  assert.equal(sent.length, 2);
  assert.deepEqual(announced.map(({ page }) => page), [1, 2]);
});

for (const [name, instead] of [
  ["arrived before the line broke", { kept: true }],
  ["was lost with the line", { kept: false }],
  ["met a restart", { kept: false, answer: bare(503) }],
  ["was there already", { kept: true, answer: json(409, { code: "wrong_offset" }) }],
]) {
  test(`an upload goes on after a piece that ${name}`, async () => {
    const clock = quickClock();
    const service = uploads((offset) => (offset === PIECE ? instead : undefined));
    await sendPicture(opened(service.send, clock), "a", PICTURE);
    assert.deepEqual(new Uint8Array(service.taken), BYTES);
    assert.deepEqual(clock.pauses, [500]);
  });
}

test("a line that stays broken is the caller's after five tries", async () => {
  const service = uploads();
  const line = async (request) => {
    if (request.method !== "PATCH") return service.send(request);
    service.pieces += 1;
    throw broken();
  };
  await assert.rejects(sendPicture(opened(line), "a", PICTURE), /fetch failed/);
  assert.equal(service.pieces, 5);
});

test("a fault of the program is not taken for a broken line", async () => {
  const service = uploads();
  const line = async (request) => {
    if (request.method !== "PATCH") return service.send(request);
    service.pieces += 1;
    throw new RangeError("a fault");
  };
  await assert.rejects(sendPicture(opened(line), "a", PICTURE), /a fault/);
  assert.equal(service.pieces, 1);
});

test("a picture that is not taken is a refusal", async () => {
  const line = lineOf(json(415, { code: "file_type_not_taken" }));
  await assert.rejects(sendPicture(opened(line.send), "a", PICTURE), (refused) => {
    assert.ok(refused instanceof Refused);
    assert.equal(refused.code, "file_type_not_taken");
    return true;
  });
});
