"use strict";
// Finds the proof of work that identity asks for on a busy network: SHA-256 of "challenge:number" with so many zero
// bits at its beginning. About 260,000 tries; in slices, so that the page stays alive. Then the form is sent.
(() => {
  const box = document.getElementById("proof");
  const field = document.querySelector('input[name="proof"]');
  if (!box || !field) return;
  const fractions = (root) => {
    const found = [];
    for (let number = 2; found.length < 64; number += 1) {
      let prime = true;
      for (let part = 2; part * part <= number; part += 1) if (number % part === 0) prime = false;
      if (prime) found.push(number);
    }
    return found.map((number) => (Math.pow(number, 1 / root) * 4294967296) | 0);
  };
  const ROUNDS = fractions(3);
  const START = fractions(2).slice(0, 8);
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const words = new Int32Array(64);
  const firstWord = (bytes) => {
    const blocks = (bytes.length + 9 + 63) >> 6;
    const padded = new Uint8Array(blocks << 6);
    padded.set(bytes);
    padded[bytes.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, bytes.length * 8);
    const state = Int32Array.from(START);
    for (let block = 0; block < blocks; block += 1) {
      for (let at = 0; at < 16; at += 1) words[at] = view.getInt32(block * 64 + at * 4);
      for (let at = 16; at < 64; at += 1) {
        const early = words[at - 15];
        const late = words[at - 2];
        words[at] =
          (words[at - 16] + (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) +
            words[at - 7] + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10))) | 0;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let at = 0; at < 64; at += 1) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[at] + words[at]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((word, at) => { state[at] = (state[at] + word) | 0; });
    }
    return state[0];
  };
  const challenge = box.dataset.proofChallenge;
  const bits = Math.min(Number(box.dataset.proofBits), 31);
  const encoder = new TextEncoder();
  box.querySelector("[data-proof-plain]").hidden = true;
  box.querySelector("[data-proof-scripted]").hidden = false;
  let tried = 0;
  const slice = () => {
    const until = performance.now() + 40;
    while (performance.now() < until) {
      const proof = `${challenge}:${tried}`;
      if (Math.clz32(firstWord(encoder.encode(proof))) >= bits) {
        field.value = proof;
        field.form.submit();
        return;
      }
      tried += 1;
    }
    setTimeout(slice, 0);
  };
  slice();
})();
