"""Rules for pages that a screen reader reads, a keyboard walks through, and weak eyes see. They run in the browser."""

from __future__ import annotations

from playwright.sync_api import Page

READER = """() => {
  const faults = [];
  const all = (what) => [...document.querySelectorAll(what)].filter((one) => one.checkVisibility());
  const told = (one) => one.outerHTML.slice(0, 120);
  const named = (one) => Boolean(
    (one.getAttribute("aria-label") || one.textContent || "").trim() || one.querySelector("img[alt]:not([alt=''])"));
  const rule = (what, wrong, text) => all(what).filter(wrong).forEach((one) => faults.push(`${text}: ${told(one)}`));
  const once = (what) => { if (all(what).length !== 1) faults.push(`${all(what).length} of ${what}`); };
  if (document.documentElement.lang !== "ru") faults.push("lang");
  if (!document.title.trim()) faults.push("no title");
  once("h1");
  once("main");
  let level = 0;
  for (const one of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) faults.push(`a heading leaves out a level: ${told(one)}`);
    level = next;
    if (!one.textContent.trim()) faults.push(`empty heading: ${told(one)}`);
  }
  rule("input, select, textarea, meter", (one) => one.type !== "hidden" && !one.getAttribute("aria-label")
    && ![...one.labels].some((label) => label.textContent.trim()), "no label");
  rule("button, a[href], summary", (one) => !named(one), "no name");
  rule("nav, [role=region], [role=search], audio, canvas", (one) => !named(one) && one.tagName !== "FORM", "no name");
  rule("nav, audio, canvas, [role=region]", (one) => !one.hasAttribute("aria-label")
    && !one.hasAttribute("aria-labelledby"), "no aria-label");
  rule("img", (one) => !one.hasAttribute("alt"), "no alt");
  rule("svg", (one) => one.getAttribute("aria-hidden") !== "true"
    && !(one.getAttribute("role") === "img" && (one.getAttribute("aria-label") || one.hasAttribute("aria-labelledby"))),
    "a drawing without words");
  rule("table", (one) => !one.caption, "no caption");
  rule("th", (one) => !one.hasAttribute("scope"), "no scope");
  rule("tbody tr", (one) => one.cells.length > 1 && !one.querySelector("th[scope=row]") && !one.closest("[data-steps]"),
    "a row without a heading");
  rule("button, .button, .menu a, input:not([type=hidden]), select", (one) => one.getBoundingClientRect().height < 20,
    "too small to be touched");
  const ids = new Set();
  for (const one of document.querySelectorAll("[id]")) {
    if (ids.has(one.id)) faults.push(`id twice: ${one.id}`);
    ids.add(one.id);
  }
  for (const name of ["for", "list", "aria-labelledby", "aria-describedby", "aria-controls"])
    for (const one of document.querySelectorAll(`[${name}]`))
      for (const id of one.getAttribute(name).trim().split(/\\s+/))
        if (!ids.has(id)) faults.push(`${name} leads nowhere: ${told(one)}`);
  return faults;
}"""
"""What a screen reader needs; a list of faults."""

CONTRAST = """() => {
  const parts = (colour) => {
    const found = colour.match(/[\\d.]+/g).map(Number);
    return [found[0], found[1], found[2], found.length > 3 ? found[3] : 1];
  };
  const over = (front, back) => front.slice(0, 3).map((one, at) => one * front[3] + back[at] * (1 - front[3]));
  const light = (colour) => colour.slice(0, 3).map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (one) => {
    if (!one) return getComputedStyle(document.documentElement).colorScheme.startsWith("dark")
      ? [18, 18, 18] : [255, 255, 255];
    const own = parts(getComputedStyle(one).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(one.parentElement));
  };
  const faults = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !one.checkVisibility() || one.closest("script, style, noscript, :disabled, .unseen, option")) continue;
    const style = getComputedStyle(one);
    const back = ground(one);
    const front = over(parts(one.closest("svg") ? style.fill : style.color), back);
    const found = ratio(front, back);
    if (found < 4.5) faults.add(`${found.toFixed(2)} ${one.tagName}.${one.className} ${text.slice(0, 40)}`);
  }
  for (const one of document.querySelectorAll("input:not([type=hidden], [type=file]), select, textarea")) {
    if (!one.checkVisibility()) continue;
    const found = ratio(parts(getComputedStyle(one).borderTopColor), ground(one.parentElement));
    if (found < 3) faults.add(`${found.toFixed(2)} edge of ${one.outerHTML.slice(0, 80)}`);
  }
  return [...faults];
}"""
"""Text that stands out from its ground by less than 4.5, edges of fields by less than 3 (WCAG 2.2 AA)."""

TO_REACH = """() => {
  const what = "a[href], button, input, select, textarea, summary, audio, [tabindex='0']";
  const all = [...document.querySelectorAll(what)].filter(
    (one) => one.checkVisibility() && !one.disabled && one.type !== "hidden" && one.tabIndex >= 0);
  all.forEach((one, at) => { one.dataset.stop = at; });
  return all.length;
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.dataset.stop === undefined) return null;
  const seen = one.matches("audio") || getComputedStyle(one).outlineStyle !== "none";
  const box = one.getBoundingClientRect();
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [Number(one.dataset.stop), seen && within, one.outerHTML.slice(0, 120)];
}"""


def faults(page: Page) -> list[str]:
    """What is wrong for somebody who hears the page, sees it badly, or has no mouse."""
    return [f"{page.url}: {fault}" for fault in (*page.evaluate(READER), *_contrast(page), *_by_keyboard(page))]


def _contrast(page: Page) -> list[str]:
    """Text and fields that cannot be told from their ground, by day or by night."""
    found: list[str] = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{fault}, {scheme}" for fault in page.evaluate(CONTRAST)]
    return found


def _by_keyboard(page: Page) -> list[str]:
    """Tab reaches everything that can be used, in the order of the page, and one sees where one is."""
    stops = page.evaluate(TO_REACH)
    order: list[int] = []
    unseen: list[str] = []
    for _ in range(12 * stops + 20):  # a date has stops of its own inside, a player too
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:  # from the last one the focus goes to the browser, then to the first
            continue
        stop, seen, what = focused
        if order and stop == order[0] and len(order) > 1:
            break
        if not seen:
            unseen.append(f"the focus is not seen at {what}")
        if not order or stop != order[-1]:
            order.append(stop)
    if 0 not in order:
        return [*unseen, "Tab does not reach the first"]
    first = order.index(0)  # a page may begin in a field
    order = order[first:] + order[:first]
    if order != list(range(stops)):
        unseen.append(f"{sorted(set(range(stops)) - set(order))} not reached in order: {order}")
    return unseen
