// Elements from data. Text is only ever set as text: what a document or a model wrote stays letters.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// A symbol of the icon font that comes with Streamlit; hidden from screen readers.
export function icon(name) {
  return el("span", { class: "fn-icon", "aria-hidden": "true" }, name);
}

// `text` with its quoted part in <mark> and the words that answer in <strong>; both are [start, end).
export function marked(text, quote, answer) {
  const piece = (start, end) => {
    const from = Math.min(Math.max(answer[0], start), end), to = Math.max(Math.min(answer[1], end), from);
    const strong = to > from ? el("strong", { class: "fn-hit" }, text.slice(from, to)) : "";
    return [text.slice(start, from), strong, text.slice(to, end)].filter(Boolean);
  };
  const [start, end] = quote[1] > quote[0] ? quote : [0, 0];
  return [...piece(0, start), end ? el("mark", {}, ...piece(start, end)) : "", ...piece(end, text.length)].filter(Boolean);
}

// The part of a passage around its quote, cut at words (whatever white space is between them), with the offsets moved
// along.
export function excerpt(source, room = 320) {
  const [from, to] = source.quote[1] ? source.quote : source.answer;
  const spare = Math.max(0, room - (to - from)) / 2;
  let start = Math.max(0, Math.floor(from - spare));
  let end = Math.min(source.text.length, Math.max(Math.ceil(to + spare), start + room));
  if (start > 0) start += Math.max(0, source.text.slice(start).search(/(?<=\s)\S/));
  if (start > from) start = from;
  if (end < source.text.length) end = Math.max(to, source.text.slice(0, end + 1).search(/\s+\S*$/)) || end;
  const text = (start > 0 ? "… " : "") + source.text.slice(start, end) + (end < source.text.length ? " …" : "");
  const shift = (start > 0 ? 2 : 0) - start;
  const moved = ([a, b]) => (b ? [Math.max(0, a + shift), Math.min(text.length, b + shift)] : [0, 0]);
  return marked(text, moved(source.quote), moved(source.answer));
}

export function where(source) {
  return [source.place, source.section, source.corrected ? "corrected by hand" : ""].filter(Boolean).join(" · ");
}

// How each source of an answer is called: its title, and its file where another document of the answer has that title.
export function namesOf(data) {
  const documents = Map.groupBy([...data.cited, ...data.read], (source) => source.title);
  return (source) => {
    const alike = new Set((documents.get(source.title) ?? []).map((each) => each.document)).size > 1;
    return [source.title, alike ? el("span", { class: "fn-file" }, source.file) : ""];
  };
}
