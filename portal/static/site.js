/* What script adds to the site; every page works without it. Sentences come from the page. */
(function () {
  "use strict";

  var english = document.documentElement.lang === "en";
  var serverTime = Date.parse(document.documentElement.dataset.now || "");
  var clockDiffers = serverTime ? serverTime - Date.now() : 0;

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  /* Errors and news: they are what is read first, and a link leads into its field */
  var first = document.querySelector(".govuk-error-summary") || document.querySelector(".govuk-notification-banner--success");
  if (first) {
    first.setAttribute("tabindex", "-1");
    first.focus();
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest(".govuk-error-summary a[href^='#']");
    var field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    var set = field.closest("fieldset") || field.closest(".govuk-form-group");
    if (set) set.scrollIntoView();
    field.focus({ preventScroll: true });
  });

  /* A form is sent once; coming back to the page lets it be sent again */
  function release(form) {
    delete form.dataset.sent;
    all("[aria-disabled]", form).forEach(function (button) { button.removeAttribute("aria-disabled"); });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
    setTimeout(release, 8000, form);
  });
  window.addEventListener("pageshow", function () { all("form[data-sent]").forEach(release); });

  /* Changes made by hand are never replaced */
  function isTouched(root) {
    return all("input:not([type=hidden]), textarea, select", root).some(function (field) {
      if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
      if (field.tagName === "SELECT") {
        return all("option", field).some(function (o) { return o.selected !== o.defaultSelected && !(o.index === 0 && !field.querySelector("[selected]")); });
      }
      return field.type === "file" ? field.value !== "" : field.value !== field.defaultValue;
    });
  }

  /* Time that is left: <time data-until="2026-12-01T10:00:00+07:00">; the time itself is its text */
  function two(number) { return (number < 10 ? "0" : "") + number; }
  function tick() {
    all("[data-until]").forEach(function (element) {
      var left = Math.floor((Date.parse(element.dataset.until) - Date.now() - clockDiffers) / 1000);
      var shown = element.nextElementSibling;
      if (!shown || !shown.classList.contains("paspor-countdown")) {
        shown = document.createElement("span");
        shown.className = "paspor-countdown";
        shown.setAttribute("aria-hidden", "true");
        element.after(shown);
      }
      if (isNaN(left) || left > 12 * 3600) return;
      var text = two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
      if (left >= 3600) text = Math.floor(left / 3600) + ":" + text;
      shown.textContent = left > 0 ? " (" + (english ? text + " left" : "sisa " + text) + ")" : "";
      if (left <= 0 && !element.dataset.over) {
        element.dataset.over = "yes";
        if (left > -5) setTimeout(refresh, 1500);
      }
    });
  }
  if (document.querySelector("[data-until]")) {
    tick();
    setInterval(tick, 1000);
  }

  /* Parts that change by themselves: the stream says that something changed, and the page is read again */
  var isRefreshing = false, isWanted = false, source = null, tries = 0, hiding = 0, waiting = 0;

  function live() { return all("[data-live][id]"); }

  function announce(element) {
    var said = document.getElementById("paspor-said");
    if (!said) return;
    var told = element.querySelector("[data-announce]") || element.querySelector("h2, h3, .govuk-tag") || element;
    said.textContent = told.textContent.replace(/\s+/g, " ").trim().slice(0, 200);
  }

  function swap(old, fresh) {
    if (old.innerHTML === fresh.innerHTML || isTouched(old)) return false;
    if (clean(old) === clean(fresh)) return false;
    var active = old.contains(document.activeElement) ? document.activeElement : null;
    if (active && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) return false;
    var opened = all("details", old).map(function (details) { return details.open; });
    var place = active ? all("a, button, summary", old).indexOf(active) : -1;
    old.replaceChildren.apply(old, Array.prototype.slice.call(fresh.childNodes));
    all("details", old).forEach(function (details, index) { if (opened[index]) details.open = true; });
    if (active) {
      var next = all("a, button, summary", old)[place] || old;
      if (next === old) old.setAttribute("tabindex", "-1");
      next.focus({ preventScroll: true });
    }
    old.setAttribute("data-changed", "");
    setTimeout(function () { old.removeAttribute("data-changed"); }, 2000);
    return true;
  }

  /* Without what is different in each answer: tokens of forms, and what this script added */
  function clean(element) {
    var copy = element.cloneNode(true);
    all("input[type=hidden], .paspor-countdown", copy).forEach(function (part) { part.remove(); });
    all("[data-over], [data-sent]", copy).forEach(function (part) { delete part.dataset.over; delete part.dataset.sent; });
    all("details", copy).forEach(function (part) { part.removeAttribute("open"); });
    return copy.innerHTML;
  }

  function refresh() {
    if (isRefreshing) {
      isWanted = true;
      return;
    }
    if (!live().length) return;
    isRefreshing = true;
    fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } }).then(function (answer) {
      if (answer.status >= 500 || answer.status === 429) return;
      if (!answer.ok || new URL(answer.url).pathname !== location.pathname) {
        stop();
        if (!isTouched(document)) location.reload();
        return;
      }
      return answer.text().then(function (html) {
        var page = new DOMParser().parseFromString(html, "text/html");
        live().forEach(function (old) {
          var fresh = page.getElementById(old.id);
          if (fresh && swap(old, fresh)) announce(old);
        });
        tick();
      });
    }).catch(function () { /* the line is lost: the stream comes back and asks again */ }).then(function () {
      setTimeout(function () {
        isRefreshing = false;
        if (isWanted) {
          isWanted = false;
          refresh();
        }
      }, 1500);
    });
  }

  function stop() {
    clearTimeout(waiting);
    if (source) source.close();
    source = null;
  }

  function connect() {
    stop();
    var named = document.querySelector("[data-live^='/live/']");
    source = new EventSource(named ? named.dataset.live : "/live");
    source.addEventListener("open", function () {
      tries = 0;
      setTimeout(refresh, 1000);
    });
    source.addEventListener("changed", refresh);
    source.addEventListener("error", function () {
      stop();
      tries += 1;
      if (tries % 4 === 0) refresh();
      waiting = setTimeout(connect, Math.min(60, Math.pow(2, tries)) * 1000 * (0.5 + Math.random()));
    });
  }

  if (live().length && window.EventSource && window.fetch && document.body.dataset.signedIn) {
    connect();
    document.addEventListener("visibilitychange", function () {
      clearTimeout(hiding);
      if (document.hidden) hiding = setTimeout(stop, 60000);
      else if (!source) connect();
    });
    window.addEventListener("pagehide", stop);
    window.addEventListener("pageshow", function (event) { if (event.persisted) connect(); });
  }
})();
