// The saved chats, drawn once and again only when they change: one element of Streamlit's, however many there are
// (chats() in __init__.py). A click opens a chat; its menu has the rest.

import { el, icon } from "./dom.js";

const GAP_PIXELS = 4; // between a row's button and its menu, and to the window's edge

export default function chats({ parentElement, data, setTriggerValue }) {
  parentElement.footnoteAct = (wish) => setTriggerValue("act", wish);
  const drawn = JSON.stringify(data);
  if (parentElement.footnoteDrawn === drawn) return;
  parentElement.footnoteDrawn = drawn;
  const nav = parentElement.querySelector(":scope > .fn-chats") ?? parentElement.appendChild(frame());
  const [days, menu] = nav.children; // a menu that is open stays so while the list is drawn anew below it
  const focused = days.contains(document.activeElement) ? document.activeElement.dataset.place : "";
  const act = (wish) => parentElement.footnoteAct(wish);
  days.replaceChildren(...data.days.flatMap(({ day, chats }) => [el("h2", { class: "day" }, day),
    el("ul", {}, ...chats.map((chat) => row(chat, chat.id === data.current, menu, act)))]));
  if (focused) [...days.querySelectorAll("button")].find((each) => each.dataset.place === focused)?.focus();
}

function frame() {
  const menu = el("div", { class: "fn-menu", role: "menu", popover: "auto" });
  menu.addEventListener("keydown", (event) => walk(menu, event));
  return el("nav", { class: "fn-chats", "aria-label": "Chats" }, el("div"), menu);
}

function row(chat, current, menu, act) {
  const title = el("button", { type: "button", class: "fn-chat-title", dir: "auto", title: chat.title, "data-place": `open ${chat.id}`,
    "aria-current": current && "page", onclick: () => act({ open: chat.id }) }, chat.title);
  const more = el("button", { type: "button", class: "fn-chat-more", "data-place": `more ${chat.id}`, "aria-label": "More", "aria-haspopup": "menu",
    onpointerdown: () => { more.unfolded = menu.matches(":popover-open") && menu.dataset.chat === chat.id; },
    onclick: () => unfold(menu, more, chat, act) }, icon("more_horiz"));
  return el("li", { class: current ? "fn-chat fn-current" : "fn-chat" }, title, more);
}

function unfold(menu, more, chat, act) {
  const again = more.unfolded; // this click closes the menu: before it is told here, the browser may have
  more.unfolded = false;
  if (menu.matches(":popover-open")) menu.hidePopover();
  if (again) return;
  const item = (label, wish) =>
    el("button", { type: "button", role: "menuitem", onclick: () => { menu.hidePopover(); act(wish); } }, label);
  menu.setAttribute("aria-label", chat.title);
  menu.replaceChildren(
    item(chat.pinned ? "Unpin" : "Pin", { pin: chat.id, pinned: !chat.pinned }),
    item("Rename", { rename: chat.id }), item("Export", { export: chat.id }), item("Delete", { delete: chat.id }));
  menu.dataset.chat = chat.id;
  menu.showPopover({ source: more });
  const at = more.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP_PIXELS + height + GAP_PIXELS < window.innerHeight;
  menu.style.left = `${Math.max(GAP_PIXELS, Math.min(at.left, window.innerWidth - width - GAP_PIXELS))}px`;
  menu.style.top = `${below ? at.bottom + GAP_PIXELS : Math.max(GAP_PIXELS, at.top - GAP_PIXELS - height)}px`;
  menu.firstChild.focus();
}

// Escape and a click elsewhere close a popover by themselves, and the focus goes back to its button.
function walk(menu, event) {
  const items = [...menu.children], at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length).focus();
}
