// Shows the banner while recurring work is overdue: the web process says so, beat and worker may be dead.
"use strict";

{
  const EVERY = 20000; // ms
  const banner = document.querySelector("[data-overdue]");

  const look = async () => {
    if (document.hidden) return;
    let late;
    try {
      const answer = await fetch(banner.dataset.overdue, { cache: "no-store" });
      if (!answer.ok) return;
      late = (await answer.json()).overdue;
    } catch {
      return; // the page has its own notice for a server that does not answer
    }
    if (late.length && banner.hidden) banner.querySelector(".text").textContent = late.join(", ");
    banner.hidden = late.length === 0;
  };

  if (banner) setInterval(look, EVERY);
}
