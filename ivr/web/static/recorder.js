// The recorder: microphone -> samples, untouched by the browser -> WAV -> a take. Nothing is lost until it is saved.
"use strict";

(() => {
  const section = document.querySelector("[data-recorder]");
  if (!section) return;
  const find = (name) => section.querySelector(`[data-${name}]`);
  const [say, count, live, level, length, canvas] = ["say", "count", "live", "level", "length", "wave"].map(find);
  const buttons = Object.fromEntries([...section.querySelectorAll("[data-do]")].map((one) => [one.dataset.do, one]));
  const LONGEST_S = Number(section.dataset.longest);
  const STEP_MS = 800;
  const PEAK_S = 0.02;
  let state = "idle", microphone = null, blocks = [], peaks = [], recorded = null;

  const REFUSED = {
    NotAllowedError: "Браузер не пускает к микрофону. Нажмите на значок слева от адреса страницы, разрешите микрофон и попробуйте снова.",
    NotFoundError: "Микрофон не найден. Подключите его и попробуйте снова.",
    NotReadableError: "Микрофон занят другой программой. Закройте её и попробуйте снова.",
    OverconstrainedError: "Этот микрофон не подходит. Подключите другой.",
  };

  section.hidden = false;
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia || !window.AudioWorkletNode) {
    say.textContent = window.isSecureContext
      ? "Этот браузер не умеет записывать. Возьмите свежий Chrome, Firefox, Edge или Safari."
      : "Микрофон доступен, только если адрес страницы начинается с https:// (или страница открыта на самом сервере). " +
        "Попросите того, кто обслуживает сервер, включить https, либо загрузите запись файлом.";
    buttons.record.hidden = true;
    return;
  }

  function show(next, text) {
    state = next;
    if (text) say.textContent = text;
    const visible = {
      idle: ["record"], asking: [], counting: ["stop"], recording: ["stop"],
      recorded: ["raw", "phone", "save", "again"], saving: [],
    }[next];
    for (const [name, button] of Object.entries(buttons)) button.hidden = !visible.includes(name);
    live.hidden = !["counting", "recording"].includes(next);
    count.hidden = next !== "counting";
    canvas.hidden = !["recording", "recorded", "saving"].includes(next);
    if (visible.length) buttons[visible.includes("save") ? "save" : visible[0]].focus();
  }

  async function record() {
    if (state === "recorded" && !confirm("Прежняя запись не сохранена. Записать заново?")) return;
    window.ivrPlayer.pause();
    forget();
    show("asking", "Разрешите браузеру пользоваться микрофоном.");
    try {
      await open();
    } catch (fault) {
      close();
      show("idle", REFUSED[fault.name] || "Микрофон не включился. Проверьте его и попробуйте снова.");
      return;
    }
    show("counting", `Приготовьтесь. Микрофон: ${microphone.name}.`);
    for (const number of ["3", "2", "1"]) {
      count.textContent = number;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
      if (state !== "counting") return;
    }
    show("recording", "Говорите. Закончили — «Стоп» (пробел).");
  }

  async function open() {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    const context = new AudioContext();
    const [track] = stream.getAudioTracks();
    microphone = { stream, context, name: track.label || "без имени", rate: context.sampleRate };
    await context.audioWorklet.addModule(section.dataset.worklet);
    await context.resume();
    const node = new AudioWorkletNode(context, "recording", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = (event) => heard(event.data);
    context.createMediaStreamSource(stream).connect(node);
    track.addEventListener("ended", () => {
      if (state === "recording") stop("Микрофон отключился. Записано то, что успело.");
      else if (state === "counting") cancel("Микрофон отключился.");
    });
  }

  function close() {
    if (!microphone) return;
    for (const track of microphone.stream.getTracks()) track.stop();
    microphone.context.close();
    microphone = null;
  }

  function heard(samples) {
    if (!["counting", "recording"].includes(state)) return;
    let peak = 0;
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    level.value = Math.max(0, 60 + 20 * Math.log10(peak + 1e-6));
    if (state !== "recording") return;
    blocks.push(samples);
    const step = Math.round(microphone.rate * PEAK_S);
    for (let at = 0; at < samples.length; at += step) {
      let most = 0;
      for (const sample of samples.subarray(at, at + step)) most = Math.max(most, Math.abs(sample));
      peaks.push(most);
    }
    const seconds = blocks.reduce((sum, block) => sum + block.length, 0) / microphone.rate;
    length.textContent = `${seconds.toFixed(1).replace(".", ",")} с`;
    if (peak >= 0.99) say.textContent = "Перегрузка! Отодвиньтесь от микрофона или говорите тише.";
    draw(peaks.slice(-400));
    if (seconds >= LONGEST_S) stop(`Запись остановлена: дольше ${LONGEST_S} с нельзя.`);
  }

  function draw(heights) {
    const pen = canvas.getContext("2d");
    const middle = canvas.height / 2;
    const width = canvas.width / Math.max(heights.length, 100);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = getComputedStyle(canvas).color;
    heights.forEach((height, place) => {
      const size = Math.max(1, height * middle);
      pen.fillRect(place * width, middle - size, Math.max(1, width - 1), 2 * size);
    });
  }

  function stop(text) {
    const rate = microphone.rate;
    close();
    const samples = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of blocks) {
      samples.set(block, at);
      at += block.length;
    }
    if (!samples.length) return show("idle", "Ничего не записано.");
    recorded = { samples, rate, wav: wav(samples, rate) };
    recorded.raw = URL.createObjectURL(recorded.wav);
    const every = Math.ceil(peaks.length / 480);
    const drawn = [];
    for (let place = 0; place < peaks.length; place += every) drawn.push(Math.max(...peaks.slice(place, place + every)));
    show("recorded", text || "Послушайте, затем сохраните или запишите заново.");
    draw(drawn);
  }

  function cancel(text) {
    close();
    show("idle", text);
  }

  function forget() {
    if (recorded) for (const address of [recorded.raw, recorded.phone]) if (address) URL.revokeObjectURL(address);
    recorded = null;
    blocks = [];
    peaks = [];
  }

  // 16 bit, mono.
  function wav(samples, rate) {
    const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
    const text = (at, letters) => [...letters].forEach((letter, place) => view.setUint8(at + place, letter.charCodeAt(0)));
    text(0, "RIFF");
    view.setUint32(4, 36 + 2 * samples.length, true);
    text(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true);
    view.setUint16(22, 1, true);
    view.setUint32(24, rate, true);
    view.setUint32(28, 2 * rate, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    text(36, "data");
    view.setUint32(40, 2 * samples.length, true);
    samples.forEach((sample, place) => {
      const bound = Math.max(-1, Math.min(1, sample));
      view.setInt16(44 + 2 * place, Math.round(bound * 32767), true);
    });
    return new Blob([view.buffer], { type: "audio/wav" });
  }

  // Near to what the server makes of it: the telephone's band, 8 kHz, one level, A-law. Silence is left as it is.
  async function onThePhone() {
    if (recorded.phone) return recorded.phone;
    const of = recorded;
    const context = new OfflineAudioContext(1, Math.ceil((of.samples.length / of.rate) * 8000), 8000);
    const buffer = context.createBuffer(1, of.samples.length, of.rate);
    buffer.copyToChannel(of.samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    const band = context.createBiquadFilter();
    band.type = "highpass";
    band.frequency.value = 120;
    source.connect(band).connect(context.destination);
    source.start();
    const made = (await context.startRendering()).getChannelData(0);
    let loud = 0, powers = 0;
    const block = 80;
    const rms = [];
    for (let at = 0; at < made.length; at += block) {
      let power = 0;
      for (const sample of made.subarray(at, at + block)) power += sample * sample;
      rms.push(power / block);
    }
    const most = Math.max(...rms);
    for (const power of rms) {
      if (power >= most / 1000) {
        loud += 1;
        powers += power;
      }
    }
    const gain = powers ? 0.1 / Math.sqrt(powers / loud) : 1;
    of.phone = URL.createObjectURL(wav(made.map((sample) => alaw(sample * gain)), 8000));
    return of.phone;
  }

  function alaw(sample) {
    const value = Math.min(Math.abs(sample), 0.7) * 4096;
    const step = value < 64 ? 2 : 2 ** (Math.floor(Math.log2(value)) - 4);
    return (Math.sign(sample) * (Math.floor(value / step) + 0.5) * step) / 4096;
  }

  async function save() {
    show("saving", "Сохраняется и проверяется…");
    try {
      const response = await window.ivrSend(section.dataset.to, recorded.wav);
      for await (const row of window.ivrRows(response)) {
        if (!row.take) throw new Error(row.told.join(" "));
        recorded = null;
        location.hash = `take-${row.take}`;
        location.reload();
        return;
      }
      throw new Error("Сервер не ответил.");
    } catch (fault) {
      show("recorded", `Не сохранено: ${fault.message} Запись цела, её можно сохранить ещё раз.`);
    }
  }

  const deeds = {
    record,
    again: record,
    stop: () => (state === "recording" ? stop() : cancel("Остановлено.")),
    save,
    raw: () => window.ivrPlay(buttons.raw, recorded.raw),
    phone: async () => window.ivrPlay(buttons.phone, await onThePhone()),
  };
  for (const [name, button] of Object.entries(buttons)) button.addEventListener("click", deeds[name]);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && ["counting", "recording"].includes(state)) deeds.stop();
  });
  window.addEventListener("beforeunload", (event) => {
    if (recorded || state === "recording") event.preventDefault();
  });
})();
