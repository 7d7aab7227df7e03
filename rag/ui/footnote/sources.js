// The sources panel: beside the text where there is room, a drawer where there is not. It shows the
// newest answer's sources until a footnote of another answer asks for its own.

import { el, icon, marked, namesOf, where } from "./dom.js";

const WIDE = window.matchMedia("(min-width: 1150px)");
const CLOSED = "footnote-sources-closed"; // in this tab's storage: the person has closed the panel
const READ_SHOWN = 8;
const FIELD = '[data-testid="stChatInputTextArea"]';
const SENT_BY = '[data-testid="stChatInputSubmitButton"], .st-key-examples button';
const PATIENCE_MS = 5000; // a question that has no panel by then was not taken
const html = document.documentElement;

// The question and its sources are drawn one after the other: so that the text does not move between, there is room
// for the panel from the moment the question is sent.
window.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches?.(FIELD) && event.target.value.trim()) makeRoom();
}, true);
window.addEventListener("click", (event) => event.target.closest?.(SENT_BY) && makeRoom(), true);

function makeRoom() {
  if (!WIDE.matches || sessionStorage.getItem(CLOSED) || !document.querySelector(".st-key-sources")) return;
  html.classList.add("fn-sources-open");
  setTimeout(() => document.querySelector(".fn-panel") || html.classList.remove("fn-sources-open"), PATIENCE_MS);
}

export default function sources({ parentElement, data }) {
  const drawn = JSON.stringify(data);
  if (parentElement.footnoteDrawn !== drawn) {
    parentElement.footnoteDrawn = drawn;
    const opened = parentElement.footnotePanel?.footnoteOpened;
    parentElement.footnotePanel?.remove();
    parentElement.footnotePanel = data.none ? null : panel(data);
    if (data.none) html.classList.remove("fn-sources-open");
    else parentElement.append(parentElement.footnotePanel);
    // A footnote of this very answer was quicker than its panel.
    if (opened && opened.data.key === data.key) parentElement.footnotePanel.footnoteOpen(opened);
  }
  return () => {
    parentElement.footnotePanel?.footnoteEnd();
    html.classList.remove("fn-sources-open");
  };
}

function panel(data) {
  const body = el("div", { class: "fn-panel-body", tabindex: "0", role: "region", "aria-label": "Passages" });
  const title = el("span", { class: "fn-panel-count" });
  const close = el("button", { class: "fn-action fn-panel-close", type: "button", "aria-label": "Close sources", onclick: () => shut(true) }, icon("close"));
  const aside = el("aside", { class: "fn-panel", "aria-label": "Sources" },
    el("header", { class: "fn-panel-head" }, el("h2", {}, "Sources"), title, close), body);
  const backdrop = el("div", { class: "fn-backdrop", onclick: () => shut(true) });
  const root = el("div", { class: "fn-panel-root" }, backdrop, aside);
  let opener = null;
  let shown = null;

  function show(next) {
    if (shown === next) return;
    shown = next;
    title.textContent = [next.cited.length ? `${next.cited.length} cited` : "", next.read.length ? `${next.read.length} ${next.cited.length ? "also " : ""}read` : ""].filter(Boolean).join(" · ");
    body.replaceChildren(...cards(next));
  }
  function shut(byPerson) {
    html.classList.remove("fn-sources-open");
    root.footnoteOpened = null;
    if (byPerson && WIDE.matches) sessionStorage.setItem(CLOSED, "1");
    if (opener) {
      opener.footnoteBack = true; // it gets the focus back, and does not show its passage once more
      opener.focus();
      opener.footnoteBack = false;
    }
    opener = null;
  }
  // With the keyboard one goes on reading in the panel; Escape leads back to the footnote.
  function goTo(card) {
    if (!card) return close.focus({ preventScroll: true });
    const target = card.tagName === "DETAILS" ? card.querySelector("summary") : card;
    if (target === card) card.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
  const onOpen = ({ detail }) => open(detail);
  function open(detail) {
    root.footnoteOpened = detail;
    opener = detail.opener;
    show(detail.data);
    sessionStorage.removeItem(CLOSED);
    html.classList.add("fn-sources-open");
    const card = detail.marker ? body.querySelector(`[data-marker="${detail.marker}"]`) : detail.chunk ? body.querySelector(`[data-chunk="${detail.chunk}"]`) : null;
    body.querySelectorAll(".fn-card.fn-current").forEach((each) => each.classList.remove("fn-current"));
    if (card) {
      card.closest("details.fn-more")?.setAttribute("open", "");
      if (card.tagName === "DETAILS") card.open = true;
      card.classList.add("fn-current");
      card.scrollIntoView({ block: "start", behavior: "smooth" });
    } else body.scrollTop = 0;
    if (!WIDE.matches) close.focus({ preventScroll: true });
    else if (detail.byKey) goTo(card);
  }
  function onKey(event) {
    if (event.key !== "Escape" || !html.classList.contains("fn-sources-open") || document.querySelector("dialog[open]")) return;
    if (!WIDE.matches || aside.contains(document.activeElement)) shut(true);
  }
  function fit() {
    if (!WIDE.matches) html.classList.remove("fn-sources-open");
    else html.classList.toggle("fn-sources-open", !sessionStorage.getItem(CLOSED));
  }
  root.footnoteOpen = open;
  window.addEventListener("footnote:open", onOpen);
  window.addEventListener("keydown", onKey);
  WIDE.addEventListener("change", fit);
  root.footnoteEnd = () => {
    window.removeEventListener("footnote:open", onOpen);
    window.removeEventListener("keydown", onKey);
    WIDE.removeEventListener("change", fit);
  };
  const remove = root.remove.bind(root);
  root.remove = () => { root.footnoteEnd(); remove(); };
  show(data);
  fit();
  return root;
}

function cards(data) {
  if (data.waiting) return [el("p", { class: "fn-waiting" }, "The passages come with the answer.")];
  const nodes = [];
  const name = namesOf(data);
  for (const group of Map.groupBy(data.cited, (source) => source.document).values())
    nodes.push(el("section", { class: "fn-group" }, el("h3", { class: "fn-document", title: group[0].file }, ...name(group[0])),
      ...group.map((source) => citedCard(source, data.library))));
  if (data.read.length) {
    const card = (source) => readCard(source, data.library, name(source));
    nodes.push(el("h3", { class: "fn-also" }, data.cited.length ? "Also read" : "Passages read"), ...data.read.slice(0, READ_SHOWN).map(card));
    if (data.read.length > READ_SHOWN)
      nodes.push(el("details", { class: "fn-more" }, el("summary", {}, `${data.read.length - READ_SHOWN} more`), ...data.read.slice(READ_SHOWN).map(card)));
  }
  return nodes;
}

function meta(source) {
  return el("div", { class: "fn-where" }, where(source),
    source.relevance === null ? "" : el("span", { class: where(source) ? "fn-relevance fn-after" : "fn-relevance" },
      el("span", { class: "fn-bar", "aria-hidden": "true" }, bar(source.relevance)), `relevance ${source.relevance}`));
}

function bar(share) {
  const filled = el("span", { class: "fn-bar-filled" });
  filled.style.width = `${share}%`;
  return filled;
}

function citedCard(source, library) {
  return el("div", { class: "fn-card", "data-marker": source.marker, "data-chunk": source.chunk },
    el("div", { class: "fn-card-head" }, el("span", { class: "fn-number", "aria-label": `Footnote ${source.marker}` }, String(source.marker)), meta(source)),
    ...content(source, library));
}

function readCard(source, library, name) {
  const details = el("details", { class: "fn-card fn-read", "data-chunk": source.chunk },
    el("summary", {}, el("span", { class: "fn-read-title" }, ...name), meta(source),
      el("span", { class: "fn-read-line", dir: "auto" }, source.text.slice(0, 140))));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(...content(source, library).filter(Boolean));
  });
  return details;
}

function content(source, library) {
  const passage = el("blockquote", { class: source.image ? "fn-passage fn-flowing" : "fn-passage", dir: "auto" }, ...marked(source.text, source.quote, source.answer));
  const link = addressLink(source);
  const read = source.as_read ? el("details", { class: "fn-more" }, el("summary", {}, "As it was read"), el("p", { class: "fn-as-read", dir: "auto" }, source.as_read)) : "";
  return [...(source.image ? [pageImage(source), passage, link] : [passage, link, aroundButton(source, passage, library)]), read].filter(Boolean);
}

// Where a page of the web was fetched; opened only by a click, and told nothing of where that was.
function addressLink(source) {
  if (!source.address) return "";
  return el("a", { class: "fn-address", href: source.address, target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer" }, source.address);
}

// ---------------------------------------------------------------- page images

function pageImage(source) {
  const image = el("img", { src: source.image, loading: "lazy", alt: `${source.title}, ${source.place}, with the passage marked` });
  const view = el("button", { class: "fn-page", type: "button", "aria-label": `Enlarge ${source.place} of ${source.title}`, onclick: () => enlarge(source) }, image);
  image.addEventListener("load", () => {
    view.classList.add("fn-loaded");
    scrollToMark(view, image, view.clientHeight / 3);
  });
  image.addEventListener("error", () => view.replaceWith(el("p", { class: "fn-gone" }, "This page cannot be shown; its document may have been removed.")));
  return view;
}

// Where the marks of a page image begin, as shares of its width and height; null without any.
function firstMark(image) {
  const width = 160, height = Math.round((image.naturalHeight / image.naturalWidth) * width);
  const canvas = el("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  let top = null, left = width, rows = 0;
  for (let row = 0; row < height && (top === null || rows < 24); row++) {
    let yellow = 0;
    for (let column = 0; column < width; column++) {
      const at = (row * width + column) * 4, [red, green, blue] = data.slice(at, at + 3);
      if (red < 150 || green < 120 || red - blue < 40 || green - blue < 15) continue;
      yellow++;
      if (top !== null || yellow > 2) left = Math.min(left, column);
    }
    if (top === null && yellow > 2) top = row;
    if (top !== null) rows++;
  }
  return top === null ? null : { top: top / height, left: left / width };
}

function scrollToMark(view, image, above) {
  const mark = firstMark(image);
  if (!mark) return;
  view.scrollTop = Math.max(0, mark.top * image.offsetHeight - above);
  view.scrollLeft = Math.max(0, mark.left * image.offsetWidth - 24);
}

function enlarge(source) {
  const image = el("img", { src: source.image + "&width=1600", alt: `${source.title}, ${source.place}, with the passage marked` });
  const box = el("dialog", { class: "fn-enlarged", "aria-label": `${source.title}, ${source.place}` },
    el("header", {}, el("span", { class: "fn-enlarged-title" }, source.title), el("span", { class: "fn-where" }, source.place),
      el("button", { class: "fn-action", type: "button", "aria-label": "Close the page", onclick: () => box.close() }, icon("close"))),
    el("div", { class: "fn-enlarged-page", tabindex: "0" }, image));
  image.addEventListener("load", () => scrollToMark(image.parentElement, image, 160));
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => box.remove());
  document.querySelector(".fn-panel-root").append(box);
  box.showModal();
}

// ---------------------------------------------------------------- text around a passage

function aroundButton(source, passage, library) {
  const button = el("button", { class: "fn-action fn-around", type: "button", onclick: async () => {
    const answer = await fetch(`/around/${source.chunk}?${new URLSearchParams({ library })}`);
    if (!answer.ok) { button.replaceWith(el("p", { class: "fn-gone" }, await answer.text())); return; }
    const { before, after } = await answer.json();
    if (before) passage.prepend(el("span", { class: "fn-beside" }, before + "\n"));
    if (after) passage.append(el("span", { class: "fn-beside" }, "\n" + after));
    if (!before && !after) passage.after(el("p", { class: "fn-gone" }, "This is the whole text."));
    button.remove();
  } }, icon("unfold_more"), "Show the text around it");
  return button;
}
