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

  // Beside the button: there for eyes, and read out.
  const tell = (button, text) => {
    const around = button.parentElement;
    let line = around.querySelector(":scope > .mute");
    if (!line && !text) return;
    if (!line) {
      line = document.createElement("span");
      line.className = "mute fault";
      line.setAttribute("role", "status");
      around.append(line);
    }
    line.textContent = text;
  };

  // A player hardly tells why it cannot; the server knows more.
  const reason = async (button, address) => {
    const broken = player.error?.code === MediaError.MEDIA_ERR_NETWORK;
    const other = button.parentElement.querySelector('[data-play$="/phone.wav"]');
    const unknown =
      "Этот браузер не умеет играть такой звук." + (other && other !== button ? " Нажмите «Как по телефону»: это он умеет." : "");
    if (address.startsWith("blob:")) return unknown;
    try {
      const answer = await fetch(address, {
        credentials: "same-origin",
        redirect: "manual",
        headers: { Range: "bytes=0-0" },
        signal: AbortSignal.timeout(10000),
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) return "Вход закончился: обновите страницу и войдите снова.";
      if (answer.status === 404) return "Этого звука больше нет: обновите страницу.";
      if (answer.ok && !broken) return unknown;
    } catch {
      // As where it answers with a fault of its own.
    }
    return "Сервер не ответил. Проверьте связь и нажмите ещё раз.";
  };

  const failed = async (button, address) => {
    if (pressed !== button) return;
    release();
    tell(button, "");
    const text = await reason(button, address);
    if (!pressed) tell(button, text);
  };

  // Other scripts of the pages play by this too. Pressed again, it stops.
  window.ivrPlay = async (button, address, from = 0) => {
    const again = pressed === button;
    player.pause();
    release();
    if (again) return;
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    tell(button, "");
    player.src = address;
    player.currentTime = from;
    try {
      await player.play();
    } catch (fault) {
      if (fault.name === "AbortError") return;
      if (fault.name !== "NotAllowedError") return failed(button, address);
      release();
      tell(button, "Браузер не дал включить звук: нажмите ещё раз.");
    }
  };
  window.ivrPlayer = player;
  player.addEventListener("ended", release);
  player.addEventListener("error", () => pressed && failed(pressed, player.src));

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
