// Offers to look for offices near the visitor. The place is asked for only on a click, and told to about a kilometre.
"use strict";
(() => {
  const offer = document.getElementById("near-offer");
  const button = document.getElementById("near-button");
  const field = document.getElementById("near");
  const said = document.getElementById("near-said");
  if (!offer || !button || !field || !said || !navigator.geolocation) return;
  offer.hidden = false;
  button.addEventListener("click", () => {
    said.textContent = button.dataset.waiting;
    navigator.geolocation.getCurrentPosition(
      (place) => {
        field.value = `${place.coords.latitude.toFixed(2)},${place.coords.longitude.toFixed(2)}`;
        field.form.elements.place.value = "";
        field.form.submit();
      },
      () => { said.textContent = button.dataset.refused; },
      { maximumAge: 600000, timeout: 15000 },
    );
  });
})();
