// Asks every 15 s while the page is visible, not at all while it is hidden, and ever more rarely
// while the server does not answer.
const EVERY = 15_000;
const SLOWEST = 120_000;

export function poll(url, { news, same, failed }) {
  let etag = null;
  let failures = 0;
  let timer = null;

  async function ask() {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(url, { headers, cache: "no-store", credentials: "same-origin" });
    if (answer.status === 403) return failed("signed-out");
    if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
    failures = 0;
    if (answer.status === 304) return same();
    const data = await answer.json();
    etag = answer.headers.get("ETag");
    return news(data);
  }

  async function turn() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      await ask();
    } catch {
      failures += 1;
      if (failures > 1) failed("unreachable"); // one lost answer is not worth an alarm
    }
    timer = setTimeout(turn, Math.min(EVERY * 2 ** failures, SLOWEST));
  }

  document.addEventListener("visibilitychange", turn);
  timer = setTimeout(turn, EVERY);
}
