// Scripts that other pages need, loaded while this one rests: opening those does not wait for them.

const REST_MS = 500;

export default function ahead({ data }) {
  if (window.footnoteAhead) return;
  window.footnoteAhead = true;
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  setTimeout(() => whenIdle(() => load(data.scripts)), REST_MS);
}

// One after the other, so that a click in between is heard.
async function load(scripts) {
  for (const script of scripts) {
    await import(new URL(script, location.origin)).catch((error) => console.debug(error));
  }
}
