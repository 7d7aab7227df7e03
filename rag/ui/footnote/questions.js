// The questions of an evaluation, one a line; a click opens the question (questions() in __init__.py).

import { el, icon } from "./dom.js";

const STATES = { better: ["trending_up", "better"], worse: ["trending_down", "worse"] };

export default function questions({ parentElement, data, setTriggerValue }) {
  const drawn = JSON.stringify(data);
  parentElement.evaluationOpen = (number) => setTriggerValue("open", number);
  if (parentElement.evaluationDrawn === drawn) return;
  parentElement.evaluationDrawn = drawn;
  parentElement.querySelector(":scope > .ev-questions")?.remove();
  parentElement.append(table(data, (number) => parentElement.evaluationOpen(number)));
}

function table(data, open) {
  const head = ["Question", "Found", "Answer"].map((name) => el("th", { scope: "col" }, name));
  if (data.compared) head.push(el("th", { scope: "col" }, el("span", { class: "unseen" }, "Change")));
  return el("table", { class: "ev-questions" },
    el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...data.rows.map((row) => line(row, data.compared, open))));
}

function line(row, compared, open) {
  const [symbol, word] = STATES[row.state] ?? ["", ""];
  return el("tr", { class: row.state ? `ev-${row.state}` : "", onclick: () => open(row.number) },
    el("td", { class: "ev-asked" }, el("button", { type: "button", dir: "auto" }, row.question)),
    el("td", { class: `ev-outcome${row.missed ? " ev-missed" : ""}`, "data-label": "Found" }, row.found),
    el("td", { class: "ev-outcome", "data-label": "Answer" }, row.answer),
    compared ? el("td", { class: "ev-change" }, symbol ? icon(symbol) : "", word ? el("span", {}, word) : "") : "");
}
