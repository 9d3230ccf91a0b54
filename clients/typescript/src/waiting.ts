/** Waiting for a change without asking again: the service holds the call until there is another answer (RFC 7240). */

import type { Paspor } from "./opening.js";
import { refusal } from "./problems.js";

/** How long one call is held; services allow 25 s. */
const HELD_SECONDS = 20;

/** Between two looks at a thing that cannot be waited for. */
const PAUSE_MS = 500;

const NOT_MODIFIED = 304;

/** It did not happen in time; `seen` is the thing as it was last. */
export class GaveUp extends Error {
  constructor(
    path: string,
    seconds: number,
    readonly seen: unknown,
  ) {
    super(`${path} did not become what was waited for within ${seconds} s`);
    this.name = "GaveUp";
  }
}

/** Returns the JSON at this path once it holds; throws `GaveUp` after so many seconds, `Refused` if it is not shown. */
export async function waitUntil<T>(
  paspor: Paspor,
  path: string,
  holds: (seen: T) => boolean,
  seconds = 60,
): Promise<T> {
  const giveUpAt = paspor.clock.now() + seconds * 1000;
  let seen: T | undefined;
  let etag = "";
  for (;;) {
    const response = await paspor.send("GET", path, { headers: patience(etag, giveUpAt - paspor.clock.now()) });
    if (response.status !== NOT_MODIFIED) {
      if (!response.ok) throw refusal(response.status, await response.json().catch(() => undefined));
      seen = (await response.json()) as T;
      etag = response.headers.get("ETag") ?? "";
      if (holds(seen)) return seen;
    }
    if (paspor.clock.now() >= giveUpAt) throw new GaveUp(path, seconds, seen);
    if (etag === "" || (response.status === NOT_MODIFIED && !response.headers.has("Preference-Applied"))) {
      await paspor.clock.pause(PAUSE_MS);
    }
  }
}

function patience(etag: string, leftMs: number): Record<string, string> {
  if (etag === "") return {};
  const held = Math.max(1, Math.min(HELD_SECONDS, Math.round(leftMs / 1000)));
  return { "If-None-Match": etag, Prefer: `wait=${held}` };
}
