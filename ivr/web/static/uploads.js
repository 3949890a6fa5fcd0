// Files that are dropped or chosen are sent one after the other; what became of each stands in a table.
"use strict";

(() => {
  const TOLD = {
    400: "Файл пуст.",
    403: "Нет доступа: обновите страницу и войдите снова.",
    404: "Фраза не найдена.",
    408: "Файл шёл слишком долго. Проверьте связь и повторите.",
    413: "Файл слишком большой.",
  };

  // Sends, with a new token if the page's is too old. Returns the response, or throws an Error told in Russian.
  window.ivrSend = async (address, body) => {
    for (let attempt = 0; ; attempt++) {
      let response;
      try {
        response = await window.ivrPost(address, body);
      } catch {
        throw new Error("Сервер не ответил. Проверьте связь и повторите.");
      }
      const stale = response.status === 403 || response.type === "opaqueredirect";
      if (!stale) return response;
      if (attempt || !(await renewed())) throw new Error("Вы вышли из системы. Войдите в другой вкладке и повторите здесь.");
    }
  };

  async function renewed() {
    try {
      const page = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      const token = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("meta[name=csrf]");
      document.querySelector("meta[name=csrf]").content = token.content;
      return true;
    } catch {
      return false;
    }
  }

  // The rows of an answer, as they come.
  window.ivrRows = async function* (response) {
    if (!(response.headers.get("Content-Type") || "").includes("ndjson")) {
      throw new Error(TOLD[response.status] || "Сервер не смог принять файл.");
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      let part;
      try {
        part = await reader.read();
      } catch {
        throw new Error("Связь оборвалась. Что уже в таблице, сохранено; загрузите остальное ещё раз.");
      }
      const lines = (rest + (part.value || "")).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) yield JSON.parse(line);
      if (part.done) return;
    }
  };

  for (const section of document.querySelectorAll("[data-drop]")) {
    const input = section.querySelector("input[type=file]");
    const say = section.querySelector("[data-say]");
    const results = section.querySelector("[data-results]");
    const body = results && results.querySelector("tbody");
    const single = "one" in section.dataset;
    const voice = new URL(section.dataset.to, location.href).searchParams.get("voice");
    const ofVoice = (sign) => (voice ? `${sign}voice=${encodeURIComponent(voice)}` : "");
    let busy = false;
    section.hidden = false;

    const add = (row) => {
      if (!body) return;
      results.hidden = false;
      const line = body.insertRow();
      line.insertCell().textContent = row.name;
      const prompt = line.insertCell();
      if (row.number) {
        const link = document.createElement("a");
        link.href = `/prompts/${row.number}${ofVoice("?")}${row.take ? `#take-${row.take}` : ""}`;
        link.textContent = `${row.number}. ${row.text}`;
        prompt.append(link);
      }
      const told = line.insertCell();
      told.textContent = row.fine ? "Готова к публикации" : row.told.join(" ");
      told.className = row.fine ? "good" : "fault";
    };

    const send = async (files) => {
      if (busy || !files.length) return;
      busy = true;
      input.disabled = true;
      let fine = 0, all = 0;
      for (const file of files) {
        const zip = /\.zip$/i.test(file.name);
        const most = Number((zip && section.dataset.mostZipMb) || section.dataset.mostMb);
        say.textContent = `Загружается ${file.name}…`;
        try {
          if (file.size > most * 1024 * 1024) {
            throw new Error(`Файл слишком большой: ${Math.ceil(file.size / 1048576)} МБ, можно до ${most} МБ.`);
          }
          const response = await window.ivrSend(`${section.dataset.to}&name=${encodeURIComponent(file.name)}`, file);
          for await (const row of window.ivrRows(response)) {
            all += 1;
            fine += row.fine ? 1 : 0;
            add(row);
            say.textContent = `Обработано: ${all}, без замечаний: ${fine}…`;
            if (single && !row.take) throw new Error(row.told.join(" "));
            if (single) {
              location.hash = `take-${row.take}`;
              location.reload();
              return;
            }
          }
        } catch (fault) {
          if (single) {
            say.textContent = fault.message;
          } else {
            all += 1;
            add({ name: file.name, number: null, take: null, fine: false, told: [fault.message] });
          }
        }
      }
      if (!single) {
        say.textContent = `Готово. Обработано: ${all}, без замечаний: ${fine}. `;
        const link = document.createElement("a");
        link.href = `/prompts?show=waiting${ofVoice("&")}`;
        link.textContent = "К тем, что ждут публикации";
        if (fine) say.append(link);
      }
      input.value = "";
      input.disabled = false;
      busy = false;
    };

    input.addEventListener("change", () => send([...input.files]));
    section.addEventListener("dragover", (event) => {
      event.preventDefault();
      section.classList.add("over");
    });
    section.addEventListener("dragleave", () => section.classList.remove("over"));
    section.addEventListener("drop", (event) => {
      event.preventDefault();
      section.classList.remove("over");
      const files = [...event.dataTransfer.files];
      send(single ? files.slice(0, 1) : files);
    });
  }
})();
