// Verifies exports of chains with nothing but docs/ledger.md. Node 18 or newer, no packages.
//
//   node ledger.mjs [--roots ROOTS] [--holder SALT:APPOINTMENT_ID] EXPORT...
//
// Prints for each export "FILE: holds", with the holder's steps if one is named, or "FILE: line N: why". Ends with 0 if
// all hold, else with 1.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const LONGEST_LINE_BYTES = 65536;
const ENTERS = ["held", "offered", "confirmed", "moved_in"];
const LEAVES = ["moved_out", "released", "offer_ended", "interrupted", "special_opened"];

class Wrong extends Error {
  constructor(line, why) {
    super(why);
    this.line = line;
  }
}

// ---- one form of JSON under every hash

function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error("a number is not a whole one up to 2^53 - 1");
    return String(value === 0 ? 0 : value);
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw new Error("a text holds half of a surrogate pair");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort(); // by UTF-16 code units
  return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
}

const hash = (value) => createHash("sha256").update(canonical(value), "utf8").digest("hex");
const start = (chain) => hash(["paspor chain", 1, chain]);

// ---- lines

const isText = (value) => typeof value === "string";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value) => Number.isInteger(value) && value >= 0;

function linesOf(file) {
  const bytes = readFileSync(file);
  const lines = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    lines.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function objectIn(line, number) {
  if (line.length > LONGEST_LINE_BYTES) throw new Wrong(number, "it is too long");
  let value;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
    value = JSON.parse(text);
    const outsideOfTexts = text.replace(/"(?:[^"\\]|\\.)*"/g, "");
    if (/\d[.eE]/.test(outsideOfTexts)) throw new Error("a number is written with a fraction or an exponent");
    canonical(value);
  } catch (problem) {
    throw new Wrong(number, `it has no canonical form: ${problem.message}`);
  }
  if (!isObject(value)) throw new Wrong(number, "it is no object");
  return value;
}

// ---- an export

function verify(file, roots, links) {
  const promised = new Map();
  const chains = new Map();
  const told = new Set();
  let recount = null;
  let ended = false;
  const lines = linesOf(file);
  lines.forEach((raw, index) => {
    const number = index + 1;
    const line = objectIn(raw, number);
    if (ended) throw new Wrong(number, "it stands behind the end");
    if (number === 1) recount = begin(line, promised);
    else if (line.kind === "end") {
      end(line, number, promised, chains, roots);
      recount.finish();
      ended = true;
    } else {
      follow(line, number, promised, chains, told, roots);
      recount.take(number, line);
      links.push(line);
    }
  });
  if (!ended) throw new Wrong(lines.length + 1, "the last line is missing");
}

function begin(line, promised) {
  if (!Object.hasOwn(RECOUNTS, line.kind)) throw new Wrong(1, "the kind is not known");
  if (line.format !== 1) throw new Wrong(1, "the format is not known");
  if (!isObject(line.chains)) throw new Wrong(1, "it does not say where chains end");
  for (const [name, last] of Object.entries(line.chains)) {
    if (!isObject(last) || !isCount(last.seq) || !isText(last.hash)) throw new Wrong(1, `the end of ${name} is not told`);
    promised.set(name, last);
  }
  return RECOUNTS[line.kind]();
}

function follow(line, number, promised, chains, told, roots) {
  const texts = ["chain", "source", "at", "previous", "hash"];
  const sound =
    texts.every((name) => isText(line[name])) &&
    Number.isInteger(line.seq) &&
    isObject(line.fact) &&
    (line.commitment === null || isText(line.commitment));
  if (!sound) throw new Wrong(number, "a member of the link is missing or of another type");
  if (!promised.has(line.chain)) throw new Wrong(number, "the first line does not name its chain");
  const before = chains.get(line.chain) ?? { seq: 0, hash: start(line.chain) };
  if (line.seq !== before.seq + 1) throw new Wrong(number, "its number does not follow");
  if (line.previous !== before.hash) throw new Wrong(number, "it does not follow from the link before");
  const { chain, seq, source, at, fact, commitment, previous } = line;
  if (hash([chain, seq, source, at, fact, commitment, previous]) !== line.hash) throw new Wrong(number, "it was changed");
  const key = canonical([chain, source]);
  if (told.has(key)) throw new Wrong(number, "it tells a fact again");
  told.add(key);
  const root = roots.get(chain)?.get(seq);
  if (root !== undefined && root !== line.hash) throw new Wrong(number, "another root was published");
  chains.set(chain, { seq, hash: line.hash });
}

function end(line, number, promised, chains, roots) {
  for (const [name, last] of promised) {
    const found = chains.get(name) ?? { seq: 0, hash: start(name) };
    if (found.seq !== last.seq || found.hash !== last.hash) throw new Wrong(number, `${name} ends elsewhere`);
    for (const seq of roots.get(name)?.keys() ?? []) {
      if (seq > last.seq) throw new Wrong(number, `a later root of ${name} was published`);
    }
  }
  if (line.lines !== number - 1) throw new Wrong(number, "it counts other lines");
}

// ---- roots

function readRoots(file) {
  const listed = [];
  let ended = false;
  const lines = linesOf(file);
  lines.forEach((raw, index) => {
    const number = index + 1;
    const line = objectIn(raw, number);
    if (ended) throw new Wrong(number, "it stands behind the end");
    if (number === 1) {
      if (line.kind !== "roots" || line.format !== 1) throw new Wrong(1, "these are no roots of format 1");
    } else if (line.kind === "end") {
      if (line.lines !== number - 1 || line.root !== hash(listed)) throw new Wrong(number, "it counts other roots");
      ended = true;
    } else {
      if (!isText(line.chain) || !isCount(line.seq) || !isText(line.hash)) throw new Wrong(number, "it is no root");
      listed.push([line.chain, line.seq, line.hash]);
    }
  });
  if (!ended) throw new Wrong(lines.length + 1, "the last line is missing");
  const roots = new Map();
  for (const [chain, seq, digest] of listed) {
    if (!roots.has(chain)) roots.set(chain, new Map());
    roots.get(chain).set(seq, digest);
  }
  return roots;
}

// ---- recounts

function seats() {
  const facts = [];
  const capacity = new Map();
  const placeOf = (session, pool) => canonical([session, pool]);

  function take(number, link) {
    const { act, session, pools, version } = link.fact;
    if (!Object.hasOwn(link.fact, "act")) throw new Wrong(number, "it has no act");
    if (act === "session") {
      if (!isText(session) || !isObject(pools)) throw new Wrong(number, "it is no session");
      for (const [pool, count] of Object.entries(pools)) {
        if (!Number.isInteger(count)) throw new Wrong(number, "it is no session");
        const place = placeOf(session, pool);
        if (!capacity.has(place)) capacity.set(place, []);
        capacity.get(place).push({ at: link.at, count });
      }
    } else if (ENTERS.includes(act) || LEAVES.includes(act)) {
      const pool = Object.hasOwn(link.fact, "pool") ? link.fact.pool : "";
      const sound = isText(session) && isText(pool) && Number.isInteger(version) && isText(link.commitment);
      if (!sound) throw new Wrong(number, "it is no fact of a seat");
      const enters = ENTERS.includes(act);
      facts.push({ number, holder: link.commitment, session, place: placeOf(session, pool), enters, version, at: link.at });
    } else if (!isText(act)) throw new Wrong(number, "its act is no text");
  }

  const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

  function inOrder() {
    const times = new Map();
    facts.sort((a, b) => a.version - b.version || compare(a.at, b.at) || a.enters - b.enters);
    for (const fact of facts) {
      const before = times.get(fact.holder) ?? "";
      fact.time = fact.at > before ? fact.at : before;
      times.set(fact.holder, fact.time);
    }
    return facts.sort((a, b) => compare(a.time, b.time) || a.enters - b.enters || a.version - b.version);
  }

  function allowed(place, at) {
    let earlier = null;
    let later = null;
    for (const told of capacity.get(place) ?? []) {
      if (told.at <= at) earlier = earlier === null || told.at >= earlier.at ? told : earlier;
      else later = later === null || told.at < later.at ? told : later;
    }
    return Math.max(earlier?.count ?? -Infinity, later?.count ?? -Infinity);
  }

  function finish() {
    const sitting = new Map();
    const counts = new Map();
    for (const fact of inOrder()) {
      const before = sitting.get(fact.holder);
      if (!fact.enters && before !== undefined && before.session !== fact.session) continue;
      if (before !== undefined) {
        counts.set(before.place, counts.get(before.place) - 1);
        sitting.delete(fact.holder);
      }
      if (!fact.enters) continue;
      sitting.set(fact.holder, fact);
      counts.set(fact.place, (counts.get(fact.place) ?? 0) + 1);
      if (counts.get(fact.place) > allowed(fact.place, fact.at)) throw new Wrong(fact.number, "more holders than seats");
    }
  }

  return { take, finish };
}

function ledger() {
  function take(number, { fact }) {
    const named = ["entries", "memo", "posted_at", "previous"].every((name) => Object.hasOwn(fact, name));
    if (!named || !Array.isArray(fact.entries)) throw new Wrong(number, "it is no posting");
    for (const entry of fact.entries) {
      const sound = Array.isArray(entry) && entry.length === 2 && Number.isInteger(entry[1]);
      if (!sound) throw new Wrong(number, "it has an entry that is no account with whole rupiah");
    }
    if (fact.entries.reduce((sum, [, amount]) => sum + amount, 0) !== 0) throw new Wrong(number, "it does not balance");
    const { posted_at, entries, memo, previous } = fact;
    if (hash([posted_at, entries, memo, previous]) !== fact.posting) throw new Wrong(number, "the posting was changed");
  }
  return { take, finish() {} };
}

function audit() {
  function take(number, { fact }) {
    const override = Object.hasOwn(fact, "override") ? fact.override : false;
    if (!Object.hasOwn(fact, "act") || typeof override !== "boolean") throw new Wrong(number, "it is no line of an audit");
    if (override && (!isText(fact.reason) || fact.reason === "")) throw new Wrong(number, "an override has no reason");
  }
  return { take, finish() {} };
}

const RECOUNTS = { seats, ledger, audit };

// ---- the command

function stepsOf(holder, links) {
  const [salt, appointment] = holder.split(":");
  const commitment = hash(["paspor commitment", salt, appointment]);
  const own = links.filter((link) => link.commitment === commitment).map((link) => link.fact);
  return own.sort((one, other) => one.version - other.version).map((fact) => fact.act).join(", ") || "no step";
}

const options = { roots: { type: "string" }, holder: { type: "string" } };
const { values: given, positionals: files } = parseArgs({ options, allowPositionals: true });
for (const file of files) {
  try {
    const links = [];
    verify(file, given.roots === undefined ? new Map() : readRoots(given.roots), links);
    console.log(`${file}: holds${given.holder === undefined ? "" : `: ${stepsOf(given.holder, links)}`}`);
  } catch (wrong) {
    if (!(wrong instanceof Wrong)) throw wrong;
    console.log(`${file}: line ${wrong.line}: ${wrong.message}`);
    process.exitCode = 1;
  }
}
