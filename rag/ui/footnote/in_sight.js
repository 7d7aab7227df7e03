// The newest question of a chat goes to the top of the window and stays there while its answer comes: below
// it there is always room for a window's height, so nothing moves when a long line gives way to a short one.

const NEAR_PIXELS = 120; // a question so near to the beginning of the page stays where it is
const TRIES = 60; // frames to wait for the question to be drawn
const SETTLE_MS = 4000; // so long the answers of a chat that is opened may take to be drawn
const STILL_MS = 100; // a glide that has not moved for so long has ended, there or on its way
const HANDS = ["wheel", "pointerdown", "keydown", "touchmove"];

export default function inSight({ parentElement, data }) {
  const first = parentElement.footnoteChat !== data.chat;
  if (parentElement.footnoteQuestion === data.question) return parentElement.footnoteEnd;
  parentElement.footnoteChat = data.chat;
  parentElement.footnoteQuestion = data.question;
  parentElement.footnoteFit && window.removeEventListener("resize", parentElement.footnoteFit);
  const fit = () => makeRoom(data.question);
  parentElement.footnoteFit = fit;
  window.addEventListener("resize", fit);
  parentElement.footnoteEnd = () => {
    window.removeEventListener("resize", fit);
    delete parentElement.footnoteQuestion;
    delete parentElement.footnoteChat;
    document.querySelector(".st-key-column")?.style.removeProperty("min-height");
  };
  whenDrawn(data.question, (question) => {
    if (!makeRoom(data.question) || !(first || data.asked)) return; // another version is looked at: the page stays
    const still = first || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    settle(data.question, question.closest(".st-key-column"), still ? "instant" : "smooth");
  });
  return parentElement.footnoteEnd;
}

const find = (id) => document.querySelector(`.st-key-question_${id}`);

function whenDrawn(id, then, tries = TRIES) {
  const question = find(id);
  if (question) then(question);
  else if (tries) requestAnimationFrame(() => whenDrawn(id, then, tries - 1));
}

// It goes to the top, and there again until the person takes over: the answers of a chat that is opened come one by one
// and move it, and the input, which Streamlit focuses anew when a question is on its way, ends a glide halfway.
function settle(id, column, behavior) {
  const go = () => makeRoom(id) && find(id).scrollIntoView({ block: "start", behavior });
  let before;
  const held = setInterval(() => {
    const at = find(id)?.getBoundingClientRect().top;
    if (at === before) go();
    before = at;
  }, STILL_MS);
  const grown = new ResizeObserver(go);
  const end = () => {
    clearInterval(held);
    grown.disconnect();
    HANDS.forEach((name) => window.removeEventListener(name, end, true));
  };
  HANDS.forEach((name) => window.addEventListener(name, end, true));
  setTimeout(end, SETTLE_MS);
  go();
  grown.observe(column);
}

// Lets the page scroll until the question stands at the top; false where it need not.
function makeRoom(id) {
  const question = find(id), column = question?.closest(".st-key-column"), main = document.querySelector('[data-testid="stMain"]');
  if (!column || !main) return false;
  const above = question.getBoundingClientRect().top - column.getBoundingClientRect().top;
  if (above < NEAR_PIXELS) {
    column.style.removeProperty("min-height");
    return false;
  }
  const bottom = document.querySelector('[data-testid="stBottom"]')?.offsetHeight ?? 0;
  const padding = parseFloat(getComputedStyle(document.querySelector('[data-testid="stMainBlockContainer"]')).paddingBottom);
  const margin = parseFloat(getComputedStyle(question).scrollMarginTop);
  column.style.minHeight = `${Math.ceil(above + main.clientHeight - bottom - padding - margin)}px`;
  return true;
}
