// Digits choose, Enter decides: no key alone changes a reading. The choice to switch the keys off is kept in the browser.
"use strict";

const switchedOff = "ivr-shortcuts-off";
const tick = document.getElementById("shortcuts");

if (tick) {
  tick.checked = localStorage.getItem(switchedOff) === null;
  tick.addEventListener("change", () => {
    if (tick.checked) localStorage.removeItem(switchedOff);
    else localStorage.setItem(switchedOff, "yes");
  });
}

const actions = {
  1: () => document.getElementById("accept")?.focus(),
  2: () => document.getElementById("f-value")?.select(),
  3: () => document.getElementById("f-reason")?.select(),
  4: () => {
    const voice = document.getElementById("voice");
    if (voice?.paused) voice.play();
    else voice?.pause();
  },
  5: () => document.getElementById("skip")?.click(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape" && typing) {
    event.target.blur();
    return;
  }
  const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.repeat);
  if (!tick?.checked || typing || !plain || !(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
});

// A fault of a form: go on where it is.
document.querySelector("[aria-invalid]")?.focus();
