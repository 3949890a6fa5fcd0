// The first page shows what goes on now: its changing part is fetched again and again while somebody looks.
"use strict";

(() => {
  const part = document.getElementById("live");
  const state = document.getElementById("live-state");
  if (!part) return;
  const EVERY_MS = 5000;
  const LONGEST_MS = 60000;
  let pause = EVERY_MS;
  let timer = 0;

  const say = (text) => {
    // Only a change of the state is read out, never the figures themselves.
    if (state.textContent !== text) state.textContent = text;
  };

  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.address, {
        credentials: "same-origin",
        redirect: "manual",
        signal: AbortSignal.timeout(10000),
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        say("Вход закончился: обновите страницу и войдите снова.");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      // Whoever reads with the keyboard keeps their place: nothing is replaced under the focus.
      if (!part.contains(document.activeElement)) part.innerHTML = await answer.text();
      say("Обновляется само.");
      pause = EVERY_MS;
    } catch {
      say("Связи нет: показано прежнее.");
      pause = Math.min(pause * 2, LONGEST_MS);
    }
    timer = window.setTimeout(look, pause);
  };

  document.addEventListener("visibilitychange", () => {
    window.clearTimeout(timer);
    if (!document.hidden) look();
  });
  say("Обновляется само.");
  timer = window.setTimeout(look, EVERY_MS);
})();
