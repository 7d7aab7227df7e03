// An answer with its footnotes. Hover, tap or Tab on a marker shows the passage; Enter, click, a second tap or a tap on
// the passage opens it in the sources panel (sources.js listens). What the person does with the answer goes to act().

import { el, excerpt, icon, namesOf, where } from "./dom.js";

const WORD_AT_END = /[^\s-]{1,24}$/; // a longer one may be broken
const GAP = 6, CEILING = 60; // pixels: between a footnote and its passage; at the top, where buttons lie over the page
const VERDICTS = { partly: "only partly covered by the passage", not_found: "not found in your documents" };
const COLUMNS = [
  ["rank", "Rank"], ["title", "Document"], ["place", "Place"], ["meaning", "By meaning"], ["words", "By words"],
  ["fused", "Together"], ["relevance", "Relevance"], ["text", "Passage"],
];

export default function answer({ parentElement, data: { busy, ...data }, setTriggerValue }) {
  const drawn = JSON.stringify(data);
  parentElement.footnoteAct = (wish) => { if (!busy) setTriggerValue("act", wish); };
  if (parentElement.footnoteDrawn !== drawn) {
    parentElement.footnoteDrawn = drawn;
    parentElement.querySelector(":scope > .fn-answer")?.remove();
    parentElement.append(draw(data, (wish) => parentElement.footnoteAct(wish)));
  }
  parentElement.querySelector(":scope > .fn-answer").classList.toggle("fn-busy", busy);
}

function draw(data, act) {
  const popover = el("div", { class: "fn-popover", role: "tooltip", id: `fn-popover-${data.key}`, hidden: true,
    onmousedown: (event) => event.preventDefault() }); // the footnote keeps the focus
  const name = namesOf(data);
  const sources = new Map(data.cited.map((source) => [source.marker, { ...source, name: () => name(source) }]));
  const open = (source, event) =>
    window.dispatchEvent(new CustomEvent("footnote:open", { detail: { data, chunk: source.chunk, marker: source.marker,
      opener: event.currentTarget, byKey: event.detail === 0 } }));
  const text = el("div", { class: "fn-text", dir: "auto" }, ...paragraphs(data, sources, popover, open));
  const root = el("article", { class: `fn-answer${data.refused ? " fn-refused" : ""}`, "aria-label": "Answer" });
  root.append(...data.notices.map((notice) => el("p", { class: "fn-notice" }, icon("info"), notice)));
  if (data.query) root.append(query(data, act));
  root.append(text, popover);
  if (data.closest) root.append(closest(data, name, open));
  root.append(foot(data, open, act), how(data));
  if (data.acts) root.querySelector(".fn-foot").after(thumbDown(data.acts, root, act));
  if (data.acts?.ask.length) root.append(goOn(data.acts, act));
  return root;
}

// What was searched for, where it is not what was typed; it can be changed and searched for again.
function query({ query: searched, acts }, act) {
  const edit = acts ? el("button", { class: "fn-action fn-act", type: "button", onclick: () => line.replaceWith(form) }, icon("edit"), "Change") : "";
  const line = el("p", { class: "fn-query" }, el("span", { dir: "auto" }, "Searched for: ", el("q", {}, searched)), edit);
  if (!acts) return line;
  const field = el("textarea", { rows: "2", "aria-label": "Search for", dir: "auto", maxlength: "4000" });
  const back = () => { form.replaceWith(line); edit.focus(); };
  const send = () => { if (field.value.trim()) act({ query: field.value.trim() }); };
  const form = el("form", { class: "fn-query-form", onsubmit: (event) => { event.preventDefault(); send(); } }, field,
    el("div", {}, el("button", { class: "fn-action fn-go", type: "submit" }, "Search again"), el("button", { class: "fn-action", type: "button", onclick: back }, "Cancel")));
  field.value = searched;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
    if (event.key === "Escape") back();
  });
  edit.addEventListener("click", () => { field.focus(); field.select(); });
  return line;
}

function paragraphs(data, sources, popover, open) {
  return data.blocks.map((block) => {
    const body = block.sentences.flatMap((sentence, index) => [index ? " " : "", ...sentenceNodes(sentence, sources, popover, open)]);
    if (block.kind === "heading") return el("p", { class: "fn-heading" }, ...body);
    if (block.kind === "item") return el("div", { class: "fn-item" }, el("span", { class: "fn-bullet" }, block.label), el("div", {}, ...body));
    return el("p", {}, ...body);
  });
}

function sentenceNodes(sentence, sources, popover, open) {
  const runs = sentence.runs.map((run) =>
    run.style === "code" ? el("code", {}, run.text) : run.style === "strong" ? el("strong", {}, run.text) : run.text);
  const remark = VERDICTS[sentence.verdict];
  const words = remark
    ? el("span", { class: `fn-sentence fn-${sentence.verdict}`, tabindex: "0", title: remark }, ...runs,
        sentence.verdict === "not_found" ? icon("help") : "", el("span", { class: "fn-unseen" }, ` (${remark})`))
    : el("span", { class: "fn-sentence" }, ...runs);
  const known = sentence.markers.filter((marker) => sources.has(marker));
  const markers = known.map((marker) => markerButton(marker, sources.get(marker), popover, open));
  return markers.length && !remark ? [words, withLastWord(words, markers)] : [words, ...markers];
}

// The last word and its footnotes in one piece: a number never stands alone at the beginning of a line.
function withLastWord(words, markers) {
  const last = words.lastChild;
  const text = last?.nodeType === Node.ELEMENT_NODE ? last.lastChild : last;
  const at = text?.data?.search(WORD_AT_END) ?? -1;
  if (at < 0) return el("span", { class: "fn-end" }, ...markers);
  const word = text.data.slice(at);
  text.data = text.data.slice(0, at);
  return el("span", { class: "fn-end" }, last === text ? word : el(last.localName, {}, word), ...markers);
}

function markerButton(marker, source, popover, open) {
  const button = el("button", {
    class: "fn-marker", type: "button", "data-marker": marker,
    "aria-label": `Footnote ${marker}: ${source.title}${source.place ? ", " + source.place : ""}. Open the source.`,
  }, String(marker));
  const elsewhere = (event) => { if (!button.contains(event.target) && !popover.contains(event.target)) hide(); };
  const show = (byTouch) => {
    showPopover(popover, button, source, byTouch === true);
    popover.onclick = () => { hide(); open(source, { currentTarget: button, detail: 1 }); };
    if (byTouch === true) document.addEventListener("pointerdown", elsewhere, true); // some browsers give a tapped button no focus
  };
  const hide = () => {
    popover.hidden = true;
    button.removeAttribute("aria-describedby");
    document.removeEventListener("pointerdown", elsewhere, true);
  };
  button.addEventListener("pointerenter", (event) => { if (event.pointerType !== "touch") show(); });
  button.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") hide(); });
  button.addEventListener("focus", () => { if (!button.footnoteBack) show(); });
  button.addEventListener("blur", hide);
  button.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  button.addEventListener("pointerdown", (event) => {
    button.tapped = event.pointerType === "touch" && (popover.hidden || popover.dataset.marker !== String(marker));
  });
  button.addEventListener("click", (event) => {
    if (button.tapped) { button.tapped = false; show(true); return; } // the first tap shows, the second opens
    hide();
    open(source, event);
  });
  return button;
}

// Beside its marker, on the side that has room for it between the top of the window and the input. With a finger it
// can be tapped itself: what lies below it must not be hit.
function showPopover(popover, button, source, byTouch) {
  popover.replaceChildren(
    el("div", { class: "fn-popover-title" }, ...source.name()),
    where(source) ? el("div", { class: "fn-where" }, where(source)) : "",
    el("div", { class: "fn-passage fn-flowing", dir: "auto" }, ...excerpt(source)),
    byTouch ? el("div", { class: "fn-popover-open" }, icon("menu_book"), "Open the source") : "");
  popover.dataset.marker = String(source.marker);
  popover.classList.toggle("fn-tapped", byTouch);
  popover.hidden = false;
  button.setAttribute("aria-describedby", popover.id);
  const host = popover.parentElement.getBoundingClientRect();
  const at = button.getBoundingClientRect();
  const left = Math.min(Math.max(0, at.left - host.left - 24), Math.max(0, host.width - popover.offsetWidth));
  const floor = document.querySelector('[data-testid="stBottom"]')?.getBoundingClientRect().top ?? window.innerHeight;
  const roomBelow = floor - at.bottom - GAP, roomAbove = at.top - CEILING - GAP;
  const below = popover.offsetHeight <= roomBelow || roomBelow >= roomAbove;
  popover.style.left = `${left}px`;
  popover.style.top = below ? `${at.bottom - host.top + GAP}px` : `${at.top - host.top - popover.offsetHeight - GAP}px`;
}

function closest(data, name, open) {
  return el("div", { class: "fn-closest" }, el("p", { class: "fn-closest-title" }, "Closest passages"),
    ...data.read.slice(0, data.closest).map((source) =>
      el("button", { class: "fn-close", type: "button", onclick: (event) => open(source, event) },
        el("span", { class: "fn-close-head" }, el("span", { class: "fn-close-title" }, ...name(source)), el("span", { class: "fn-where" }, where(source))),
        el("span", { class: "fn-passage fn-flowing", dir: "auto" }, ...excerpt(source, 240)))));
}

function foot(data, open, act) {
  const copied = el("span", { class: "fn-unseen", role: "status" });
  const label = document.createTextNode("Copy");
  const copy = el("button", { class: "fn-action", type: "button", onclick: async () => {
    const done = await toClipboard(data.copy);
    label.textContent = done ? "Copied" : "Not copied";
    copied.textContent = done ? "The answer was copied." : "Your browser did not allow copying.";
    setTimeout(() => { label.textContent = "Copy"; copied.textContent = ""; }, 2000);
  } }, icon("content_copy"), label);
  const first = data.cited[0] ?? data.read[0];
  const count = data.cited.length || data.read.length;
  return el("div", { class: "fn-foot" },
    data.evidence ? el("span", { class: "fn-evidence" }, data.evidence) : "",
    data.refused ? "" : copy, copied,
    first ? el("button", { class: "fn-action fn-open-sources", type: "button", onclick: (event) => open({ chunk: null, marker: null }, event) },
      icon("menu_book"), data.cited.length ? `Sources ${count}` : `Passages read ${count}`) : "",
    ...(data.acts ? [...again(data.acts, act), thumbs(data.acts, act), versions(data.acts, act)] : []));
}

function thumbs({ rating }, act) {
  const thumb = (good, symbol, label) => {
    const given = rating?.good === good;
    return el("button", { class: `fn-action fn-act fn-thumb${given ? " fn-given" : ""}`, type: "button", "aria-label": label, title: label, "aria-pressed": String(given),
      onclick: (event) => {
        if (given) act({ rate: null });
        else if (good) act({ rate: true });
        else {
          const form = event.currentTarget.closest(".fn-answer").querySelector(".fn-why");
          form.hidden = !form.hidden;
          if (!form.hidden) form.querySelector("input").focus();
        }
      } }, icon(symbol));
  };
  return el("span", { class: "fn-thumbs" }, thumb(true, "thumb_up", "Good answer"), thumb(false, "thumb_down", "Bad answer"));
}

// Why an answer is bad. It becomes a question of the person's own evaluation set.
function thumbDown({ reasons }, root, act) {
  const expected = el("textarea", { rows: "2", "aria-label": "What would be right?", placeholder: "What would be right? (optional)", dir: "auto", maxlength: "2000" });
  const group = `why-${Math.random().toString(36).slice(2)}`;
  const form = el("form", { class: "fn-why", hidden: true, onsubmit: (event) => {
    event.preventDefault();
    act({ rate: false, reason: form.querySelector("input:checked")?.value ?? "", expected: expected.value });
  } },
    el("fieldset", {}, el("legend", {}, "What is wrong with it?"),
      ...reasons.map(({ reason, label }) => el("label", {}, el("input", { type: "radio", name: group, value: reason }), el("span", {}, label)))),
    expected,
    el("div", {}, el("button", { class: "fn-action fn-go", type: "submit" }, "Keep for evaluation"),
      el("button", { class: "fn-action", type: "button", onclick: () => { form.hidden = true; root.querySelector(".fn-thumb[aria-label='Bad answer']").focus(); } }, "Cancel")));
  return form;
}

// Questions that the library can answer, made of what was read beside the answer.
function goOn({ ask }, act) {
  return el("div", { class: "fn-go-on", role: "group", "aria-label": "Go on with" },
    ...ask.map((text) => el("button", { class: "fn-next", type: "button", dir: "auto", onclick: () => act({ ask: text }) }, icon("subdirectory_arrow_right"), text)));
}

// Two ways stand in the line; more of them open below one button.
function again({ again }, act) {
  const button = ({ label, model }) =>
    el("button", { class: "fn-action fn-act", type: "button", title: "Answer once more; this answer stays", onclick: () => act({ again: model }) },
      icon(model || label === "Again" ? "refresh" : "format_quote"), label);
  if (again.length < 3) return again.map(button);
  const [first, ...others] = again;
  const menu = el("details", { class: "fn-others" }, el("summary", { class: "fn-action fn-act" }, "Another model", icon("expand_more")),
    el("div", {}, ...others.map(button)));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
  return [button(first), menu];
}

function versions({ at, of }, act) {
  if (of < 2) return "";
  const step = (by, symbol, label) => el("button", { class: "fn-action fn-act", type: "button", "aria-label": label,
    disabled: at + by < 1 || at + by > of, onclick: () => act({ version: by }) }, icon(symbol));
  return el("span", { class: "fn-versions" }, step(-1, "chevron_left", "The answer before"), `${at} of ${of}`, step(1, "chevron_right", "The next answer"));
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "fn-unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function how(data) {
  const details = el("details", { class: "fn-how" }, el("summary", {}, data.status, " · ", el("span", { class: "fn-how-name" }, "How this answer was made")));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(...made(data.made), el("h3", {}, "Passages found"), table(data.rows));
  });
  return details;
}

function made({ scope, by, steps, total, tokens, prompt, prompt_line }) {
  const row = (name, value) => (value ? [el("dt", {}, name), el("dd", { dir: "auto" }, value)] : []);
  const facts = el("dl", { class: "fn-facts" },
    ...row("Asked", scope), ...row("Written by", by), ...steps.flatMap(({ name, time }) => row(name, time)), ...row("In all", total), ...row("Tokens", tokens));
  if (!prompt.length) return [facts];
  return [facts, el("details", { class: "fn-prompt" }, el("summary", {}, "The prompt, word for word", el("span", { class: "fn-where" }, ` ${prompt_line}`)),
    ...prompt.flatMap(({ role, text }) => [el("h4", {}, role), el("pre", { dir: "auto", tabindex: "0", "aria-label": role }, text)]))];
}

function table(rows) {
  if (!rows.length) return el("p", { class: "fn-where" }, "Nothing was found to read.");
  const cell = (row, name) => (row[name] === null || row[name] === "" ? "–" : String(row[name]));
  return el("div", { class: "fn-table", tabindex: "0", role: "region", "aria-label": "Passages found, in order" },
    el("table", {},
      el("thead", {}, el("tr", {}, ...COLUMNS.map(([, label]) => el("th", { scope: "col" }, label)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...COLUMNS.map(([name]) => el("td", { class: `fn-col-${name}`, dir: "auto" }, cell(row, name))))))));
}

