// Verifies queue codes, day sheets and void lists with nothing but docs/queue-code.md. Node 18 or newer, no packages.
//
//   node queue_code.mjs KEYS TEXT_FILE...
//
// Prints for each file "FILE: " and what its text says as JSON, or "FILE: does not hold". Ends with 0 if all hold.

import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const LONGEST_CODE = 300;
const LAST_DAY = 3652059;
const DAY_MILLISECONDS = 86400000;
const FIRST_DAY_BEFORE_1970 = 719163; // 1 January 1970, counted from 1 January of year 1, which is 1

function bytesOf(text) {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : null;
}

function readKeys(file) {
  const { keys } = JSON.parse(readFileSync(file, "utf8"));
  const jwk = (key) => ({ kty: "OKP", crv: "Ed25519", x: key.public_key });
  return new Map(keys.map((key) => [key.key_id, createPublicKey({ key: jwk(key), format: "jwk" })]));
}

function ticketIn(bytes) {
  if (bytes.length < 24 || bytes.length > 83 || bytes[0] !== 1) return null;
  const hex = bytes.toString("hex", 1, 17);
  const day = bytes.readUInt32BE(19);
  const office = bytes.subarray(23);
  if (day < 1 || day > LAST_DAY || office.some((byte) => byte > 127)) return null;
  const date = new Date((day - FIRST_DAY_BEFORE_1970) * DAY_MILLISECONDS);
  return {
    appointment_id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    office_id: office.toString("ascii"),
    date: date.toISOString().slice(0, 10),
    version: bytes.readUInt16BE(17),
  };
}

function read(raw, keys) {
  const text = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const [mark, keyId, content, signature] = parts;
  const [key, said, signed] = [keys.get(keyId), bytesOf(content), bytesOf(signature)];
  if (key === undefined || said === null || signed === null) return null;
  if (!verify(null, Buffer.from(`${mark}.${keyId}.${content}`, "utf8"), key, signed)) return null;
  if (mark === "PSP1") return text.length > LONGEST_CODE ? null : ticketIn(said);
  return mark === "PSD1" || mark === "PSR1" ? JSON.parse(said.toString("utf8")) : null;
}

const [keysFile, ...files] = process.argv.slice(2);
const keys = readKeys(keysFile);
for (const file of files) {
  const said = read(readFileSync(file, "utf8"), keys);
  console.log(`${file}: ${said === null ? "does not hold" : JSON.stringify(said)}`);
  if (said === null) process.exitCode = 1;
}
