// Small help for pages that work without it.
"use strict";

// Asks before what cannot be taken back: <form data-sure="…">.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.sure;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A second press on the same button does nothing while the first is under way.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// POST by script: the token of the page goes along. Other scripts of the pages call window.ivrPost.
window.ivrPost = (address, body) =>
  fetch(address, {
    method: "POST",
    body,
    headers: { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content },
    credentials: "same-origin",
    redirect: "manual",
  });
