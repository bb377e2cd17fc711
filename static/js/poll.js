// Asks often while the page is watched, a little less often while nothing is new, not at all while
// it is hidden, and ever more rarely while the server does not answer. A stopped snapshot is news
// 150 s after it ran, so even the slowest of the healthy paces shows it within three minutes.
const OFTEN = 15_000;
const QUIET = 25_000;
const SLOWEST = 120_000;

export function poll(url, { news, same, failed }) {
  let etag = null;
  let failures = 0;
  let pause = OFTEN;
  let timer = null;

  async function ask() {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(url, { headers, cache: "no-store", credentials: "same-origin" });
    if (answer.status === 403) return failed("signed-out");
    if (answer.status !== 304 && !answer.ok) throw new Error(`status ${answer.status}`);
    failures = 0;
    if (answer.status === 304) {
      pause = Math.min(pause * 1.25, QUIET);
      return same();
    }
    const data = await answer.json();
    etag = answer.headers.get("ETag");
    pause = OFTEN;
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
    clearTimeout(timer); // another turn may have begun meanwhile
    timer = setTimeout(turn, Math.min(pause * 2 ** failures, SLOWEST));
  }

  document.addEventListener("visibilitychange", turn);
  timer = setTimeout(turn, pause);
}
