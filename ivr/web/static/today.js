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
  let looking = false;
  let held = false;

  const say = (text) => {
    // Only a change of the state is read out, never the figures themselves.
    if (state.textContent !== text) state.textContent = text;
  };

  // Whoever walks through the links with the keyboard keeps their place. The box around the table counts as no place: a
  // click anywhere in the table gives it the focus.
  const chosen = () => {
    const at = document.activeElement;
    return at !== part && part.contains(at) && !at.matches(".wide") && at.matches(":focus-visible");
  };

  // The box stays, with its focus and how far it is scrolled; all that is in it and around it is new.
  const replace = (html) => {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const [box, next] = [part, fresh.content].map((all) => [...all.children].find((one) => one.matches(".wide")));
    if (!box || !next) {
      part.replaceChildren(fresh.content);
      return;
    }
    const nodes = [...fresh.content.childNodes];
    const place = nodes.indexOf(next);
    for (const node of [...part.childNodes]) if (node !== box) node.remove();
    box.setAttribute("aria-label", next.getAttribute("aria-label"));
    box.replaceChildren(...next.childNodes);
    box.before(...nodes.slice(0, place));
    box.after(...nodes.slice(place + 1));
  };

  const look = async () => {
    if (document.hidden || looking) return;
    looking = true;
    window.clearTimeout(timer);
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
      const html = await answer.text();
      held = chosen();
      if (!held) replace(html);
      say(held ? "Не обновляется, пока выбрана ссылка." : "Обновляется само.");
      pause = EVERY_MS;
    } catch {
      say("Связи нет: показано прежнее.");
      pause = Math.min(pause * 2, LONGEST_MS);
    } finally {
      looking = false;
    }
    timer = window.setTimeout(look, pause);
  };

  document.addEventListener("visibilitychange", () => {
    window.clearTimeout(timer);
    if (!document.hidden) look();
  });
  part.addEventListener("focusout", () => {
    // The next place has the focus only after this event.
    if (held) window.setTimeout(() => chosen() || look());
  });
  say("Обновляется само.");
  timer = window.setTimeout(look, EVERY_MS);
})();
