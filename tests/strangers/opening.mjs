// Verifies the draw of openings with nothing but docs/opening.md. Node 18 or newer, no packages.
//
//   node opening.mjs [--commitment HASH] [--root HASH] [--ticket ID:SALT] RECORD...
//
// Prints for each record "FILE: holds", "FILE: number N", "FILE: not drawn yet" or what is wrong. Ends with 0 if all hold.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const hash = (text) => createHash("sha256").update(text, "utf8").digest("hex");
const isHash = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const isHashes = (value) => Array.isArray(value) && value.every(isHash);
const isOnce = (list) => new Set(list).size === list.length;
const isSame = (one, other) => one.length === other.length && one.every((value, place) => value === other[place]);

function verdict(record, noted) {
  if (typeof record !== "object" || record === null || record.format !== "paspor-opening-1") return "another form";
  const { seed, seed_commitment: commitment, root, tickets, order, late } = record;
  if ((seed ?? null) === null && typeof commitment === "string") return "not drawn yet";
  const sound = typeof seed === "string" && [commitment, root].every(isHash) && [tickets, order, late].every(isHashes);
  if (!sound) return "a member is missing or of another form";
  if (noted.commitment !== undefined && noted.commitment !== commitment) return "another commitment was written down";
  if (noted.root !== undefined && noted.root !== root) return "another root was written down";
  if (hash(seed) !== commitment) return "the seed is not the one that was committed to";
  if (!isOnce(tickets) || !isSame(tickets, [...tickets].sort())) return "the tickets are not sorted, or one stands twice";
  if (hash(tickets.map((ticket) => `${ticket}\n`).join("")) !== root) return "the tickets do not give the root";
  const keys = new Map(tickets.map((ticket) => [ticket, hash(seed + root + ticket)]));
  const drawn = [...tickets].sort((one, other) => (keys.get(one) < keys.get(other) ? -1 : 1));
  if (!isSame(order, drawn)) return "the order is not the one that was drawn";
  if (!isOnce(late)) return "a late ticket stands twice";
  if (noted.ticket === undefined) return "holds";
  const place = [...order, ...late].indexOf(hash(noted.ticket));
  return place < 0 ? "your ticket is not in it" : `number ${place + 1}`;
}

const text = { type: "string" };
const options = { commitment: text, root: text, ticket: text };
const { values: noted, positionals: files } = parseArgs({ options, allowPositionals: true });
for (const file of files) {
  const said = verdict(JSON.parse(readFileSync(file, "utf8")), noted);
  console.log(`${file}: ${said}`);
  if (said !== "holds" && !said.startsWith("number ")) process.exitCode = 1;
}
