// The passages found for a question: a line each with its place at every stage, and its text.

import { el, icon } from "./dom.js";

const STAGES = [["dense", "By meaning"], ["words", "By words"], ["fused", "Fused"], ["relevance", "Reader"]];

export default function passages({ parentElement, data }) {
  const drawn = JSON.stringify(data);
  if (parentElement.evaluationDrawn === drawn) return;
  parentElement.evaluationDrawn = drawn;
  parentElement.querySelector(":scope > .ev-passages")?.remove();
  parentElement.append(table(data));
}

function table(data) {
  const names = ["Final", ...(data.other ? [data.other] : []), "Document", ...STAGES.map(([, name]) => name)];
  return el("table", { class: "ev-passages" },
    el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)))),
    ...data.rows.map((row) => passage(row, data.other, names.length)));
}

function passage(row, other, columns) {
  const rank = (value) => (value === null ? "–" : String(value));
  return el("tbody", { class: row.shows ? "ev-shows" : "" },
    el("tr", {},
      el("td", { class: "ev-place", "data-label": "Final" }, String(row.place)),
      other ? el("td", { class: "ev-rank", "data-label": other }, row.was) : "",
      el("td", { class: "ev-document" }, el("span", { class: "ev-title", dir: "auto" }, row.document),
        row.page ? el("span", { class: "ev-page" }, row.page) : "",
        row.shows ? el("span", { class: "ev-badge" }, icon("check"), "wanted") : ""),
      ...STAGES.map(([name, label]) => el("td", { class: "ev-rank", "data-label": label }, rank(row[name])))),
    el("tr", { class: "ev-text" }, el("td", { colspan: String(columns) }, text(row))));
}

function text(row) {
  const short = [row.before ? "… " : "", ...row.short.map(piece), row.after || row.cut ? " …" : ""];
  return el("details", {},
    el("summary", {}, el("span", { class: "ev-short", dir: "auto" }, ...short), el("span", { class: "ev-whole" }, "Whole passage")),
    el("p", { class: "ev-passage", dir: "auto" }, ...row.runs.map(piece), row.cut ? " …" : ""),
    row.cut ? el("p", { class: "ev-scores" }, "Only its beginning is known: the library has changed since.") : "",
    el("p", { class: "ev-scores" }, row.scores));
}

function piece({ text, style }) {
  if (!style) return text;
  return style.includes("evidence")
    ? el("mark", { class: style.includes("span") ? "ev-span" : "" }, text)
    : el("span", { class: "ev-span" }, text);
}
