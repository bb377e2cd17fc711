// Shows the banners while recurring work is overdue, or mails were given up: the web process says so, beat and
// worker may be dead.
"use strict";

{
  const EVERY = 20000; // ms
  const banner = document.querySelector("[data-overdue]");
  const lost = document.querySelector("[data-undelivered]");

  const show = (notice, wanted) => {
    notice.hidden = !wanted;
    notice.classList.toggle("errornote", wanted);
  };

  const look = async () => {
    if (document.hidden) return;
    let found;
    try {
      const answer = await fetch(banner.dataset.overdue, { cache: "no-store" });
      if (!answer.ok) return;
      found = await answer.json();
    } catch {
      return; // the page has its own notice for a server that does not answer
    }
    const late = found.overdue;
    if (late.length && banner.hidden) banner.querySelector(".text").textContent = late.join(", ");
    show(banner, late.length > 0);
    lost.querySelector(".text").textContent = found.undelivered;
    show(lost, found.undelivered > 0);
  };

  if (banner) setInterval(look, EVERY);
}
