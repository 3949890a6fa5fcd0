// Suggests streets of the district and houses of the street while somebody types.
"use strict";

(() => {
  const value = (name) => document.getElementById(`f-${name}`).value;
  let latest = 0;
  let timer = 0;

  const suggest = async (name) => {
    const list = document.getElementById(`${name}s`);
    const number = ++latest;
    const asked = new URLSearchParams({ district: value("district"), part: value(name) });
    if (name === "house") asked.set("street", value("street"));
    try {
      const answer = await fetch(`${list.dataset.address}&${asked}`, { credentials: "same-origin", redirect: "manual" });
      if (!answer.ok || number !== latest) return;
      const options = (await answer.json()).map((text) => {
        const option = document.createElement("option");
        option.value = text;
        return option;
      });
      list.replaceChildren(...options);
    } catch {
      // Without suggestions the names are typed in full.
    }
  };

  for (const name of ["street", "house"]) {
    const field = document.getElementById(`f-${name}`);
    const soon = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => suggest(name), 150);
    };
    field.addEventListener("input", soon);
    field.addEventListener("focus", soon);
  }
})();
