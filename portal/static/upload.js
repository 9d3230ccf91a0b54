// Sends a picture in pieces, shows how far it came, and goes on after a lost line or a reload.
// Without this script the form is sent as a whole.
(function () {
  "use strict";
  var PIECE_BYTES = 256 * 1024;
  var MOST_BYTES = 10 * 1024 * 1024;
  var MOST_SIDE = 2000;
  var QUALITY = 0.8;
  var MOST_TRIES = 60;
  var form = document.querySelector("form[data-upload]");
  if (!form || !window.fetch || !window.sessionStorage || !Blob.prototype.slice) return;
  var word = form.dataset;
  var said = form.querySelector("[data-said]");
  var box = form.querySelector("[data-progress]");
  var bar = box.querySelector("progress");
  var busy = false;
  var memory = "upload " + word.upload;

  function say(text, isWrong) {
    said.textContent = text;
    said.className = isWrong ? "govuk-error-message" : "govuk-body";
  }
  function pause(seconds) { return new Promise(function (done) { setTimeout(done, seconds * 1000); }); }
  function recall() {
    try { return JSON.parse(sessionStorage.getItem(memory)); } catch (_error) { return null; }
  }
  function remember(known) {
    try {
      if (known) sessionStorage.setItem(memory, JSON.stringify(known)); else sessionStorage.removeItem(memory);
    } catch (_error) { /* a full or closed memory: the upload works, and begins at the start after a reload */ }
  }
  function newKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(18)), function (byte) {
      return byte.toString(16).padStart(2, "0");
    }).join("");
  }

  // Refuse with a sentence; `final` is not tried again, and `kept` goes on after a sign-in or a reload.
  function Refusal(text, final, offset, kept) {
    this.text = text;
    this.final = final;
    this.offset = offset;
    this.kept = kept;
  }

  async function call(url, options) {
    var answer, body = {};
    options.headers = Object.assign({ "X-Form-Token": form.elements.form_token.value }, options.headers);
    try { answer = await fetch(url, options); } catch (_error) { throw new Refusal(word.wordLost, false); }
    if (options.method === "HEAD") {
      if (!answer.ok) throw new Refusal(word.wordLost, answer.status < 500 && answer.status !== 429);
      return { offset: Number(answer.headers.get("Upload-Offset")), size: Number(answer.headers.get("Upload-Length")) };
    }
    try { body = await answer.json(); } catch (_error) { /* a gateway's own page */ }
    if (answer.ok) return body;
    var later = answer.status >= 500 || answer.status === 429 || body.code === "upload_under_way";
    var kept = answer.status === 401 || answer.status === 403;
    throw new Refusal(body.text || word.wordLost, !later && body.offset === undefined, body.offset, kept);
  }

  // Make a picture smaller; what the browser cannot read, or what does not get smaller, is sent as it is.
  async function shrink(file) {
    if (!/^image\//.test(file.type) || !window.createImageBitmap) return file;
    try {
      var picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      var scale = Math.min(1, MOST_SIDE / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      var small = await new Promise(function (done) { canvas.toBlob(done, "image/jpeg", QUALITY); });
      return small && small.size < file.size ? small : file;
    } catch (_error) { return file; }
  }

  async function begin(file, blob, known) {
    if (known && known.url) {
      try {
        var there = await call(known.url, { method: "HEAD" });
        if (there.size === blob.size) {
          say(word.wordAgain);
          return { url: known.url, offset: there.offset, shown: known.shown };
        }
      } catch (refusal) { if (!refusal.final) throw refusal; }
      known.key = newKey();
      known.url = "";
    }
    remember(known);
    var paper = form.elements.paper;
    var begun = await call(word.upload, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        size: blob.size, type: blob.type, page: Number(form.elements.page.value), paper: paper ? paper.value : "",
        key: known.key
      })
    });
    known.url = begun.url;
    known.shown = begun.shown;
    remember(known);
    return begun;
  }

  async function send(file) {
    var blob = word.low ? await shrink(file) : file;
    var saved = file.size - blob.size;
    if (blob.size > MOST_BYTES) throw new Refusal(word.wordLarge, true);
    var name = [file.name, file.size, file.lastModified, form.elements.page.value].join(" ");
    var known = recall();
    if (!known || known.name !== name) known = { name: name, key: newKey() };
    var at = null;
    box.hidden = false;
    for (var tries = 0; tries < MOST_TRIES;) {
      try {
        if (!at) at = await begin(file, blob, known);
        if (at.done) break;
        bar.value = 100 * at.offset / blob.size;
        say(word.wordSending + " " + Math.floor(bar.value) + "%");
        var next = await call(at.url, {
          method: "PATCH",
          headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at.offset) },
          body: blob.slice(at.offset, at.offset + PIECE_BYTES)
        });
        at = next;
        tries = 0;
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        if (refusal.final) {
          if (!refusal.kept) remember(null);
          throw refusal;
        }
        tries += 1;
        say(refusal.text);
        if (refusal.offset === undefined) await pause(Math.min(10, tries));
        at = null;  // ask how far it came
      }
    }
    if (!at || !at.done) throw new Refusal(word.wordLost, true);
    bar.value = 100;
    remember(null);
    say(word.wordDone + (saved > 0 ? " " + word.wordSaved + " " + Math.round(saved / 1024) + " kB." : ""));
    await pause(saved > 0 ? 1.5 : 0);
    location.assign(at.shown);
  }

  form.addEventListener("submit", function (event) {
    var file = form.elements.file.files[0] || form.elements.camera.files[0];
    event.preventDefault();
    if (busy) return;
    if (!file) { say(word.wordNone, true); form.elements.file.focus(); return; }
    busy = true;
    send(file).catch(function (refusal) {
      say(refusal.text || word.wordLost, true);
      box.hidden = true;
    }).then(function () { busy = false; });
  });

  if (recall()) say(word.wordLeft);
})();
