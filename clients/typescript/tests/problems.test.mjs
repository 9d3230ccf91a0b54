import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, Refused } from "../dist/index.js";
import { json, lineOf, opened } from "./line.mjs";

const PROBLEM = {
  code: "malformed",
  title: "Some fields are not right.",
  detail: "The request cannot be taken.",
  next_action: "Correct the fields.",
  next_call: { method: "POST", href: "/v1/applicants" },
  errors: [{ pointer: "/nik", rule: "digits", detail: "16 digits.", example: "3174014502900001" }],
};

test("a refusal has code, sentence, fields and the call that helps", async () => {
  const line = lineOf(json(422, PROBLEM));
  const result = await opened(line.send).calls.GET("/v1/preferences");
  assert.throws(
    () => answerOf(result),
    (refused) => {
      assert.ok(refused instanceof Refused);
      assert.equal(refused.message, "422 malformed: The request cannot be taken. Correct the fields.");
      assert.deepEqual(refused.problem.errors[0].pointer, "/nik");
      assert.deepEqual(refused.problem.next_call, { method: "POST", href: "/v1/applicants" });
      return true;
    },
  );
});

test("an answer of something between has no code", async () => {
  const line = lineOf(new Response("<html>bad gateway</html>", { status: 500 }));
  const result = await opened(line.send).calls.GET("/v1/preferences");
  assert.throws(
    () => answerOf(result),
    (refused) => {
      assert.equal(refused.code, "500");
      assert.deepEqual(refused.problem, {});
      return true;
    },
  );
});

test("an answer is given as it is", async () => {
  const line = lineOf(json(200, { language: "id" }));
  assert.deepEqual(answerOf(await opened(line.send).calls.GET("/v1/preferences")), { language: "id" });
});
