// Playing: one sound at a time; arrows walk through the list; two takes compared from the same place.
"use strict";

(() => {
  const player = new Audio();
  player.preload = "none";
  let pressed = null;

  const release = () => {
    if (pressed) pressed.setAttribute("aria-pressed", "false");
    pressed = null;
  };

  // Other scripts of the pages play by this too. Pressed again, it stops.
  window.ivrPlay = async (button, address, from = 0) => {
    const again = pressed === button;
    player.pause();
    release();
    if (again) return;
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    player.src = address;
    player.currentTime = from;
    try {
      await player.play();
    } catch (fault) {
      if (fault.name === "AbortError" || pressed !== button) return;
      release();
      button.title = "Звук не проигрывается: обновите страницу.";
      window.dispatchEvent(new CustomEvent("ivr-mute"));
    }
  };
  window.ivrPlayer = player;
  player.addEventListener("ended", release);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-play]");
    if (button) window.ivrPlay(button, button.dataset.play);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.target.closest("[data-sounds] tbody tr");
    if (!row) return;
    const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    const same = event.target.matches("button") ? "button" : "a";
    const target = next && (next.querySelector(same) || next.querySelector("a"));
    if (target) {
      target.focus();
      event.preventDefault();
    }
  });

  const bar = document.querySelector("[data-compare-bar]");
  if (!bar) return;
  document.querySelector("[data-compare-hint]").hidden = false;
  const boxes = [...document.querySelectorAll("input[data-compare]")];
  for (const check of document.querySelectorAll("[data-compare-check]")) check.hidden = false;
  const sides = [...bar.querySelectorAll("button")];
  let chosen = [];
  for (const box of boxes) {
    box.addEventListener("change", () => {
      chosen = chosen.filter((other) => other !== box);
      if (box.checked) chosen.push(box);
      if (chosen.length > 2) chosen.shift().checked = false;
      bar.hidden = chosen.length < 2;
      chosen.forEach((one, side) => {
        if (chosen.length === 2) sides[side].textContent = `▶ Запись ${one.value}`;
      });
    });
  }
  sides.forEach((button, side) => {
    button.addEventListener("click", () => {
      const other = pressed && sides.includes(pressed) && pressed !== button;
      window.ivrPlay(button, chosen[side].dataset.compare, other ? player.currentTime : 0);
    });
  });
})();
