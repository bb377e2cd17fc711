// Draws what the server sent and asks politely for news: often while watched, never while hidden.
import { draw, redraw } from "./charts.js";
import { poll } from "./poll.js";

let page = JSON.parse(document.getElementById("page-data").textContent);
let shownAt = performance.now();

function fill(tile) {
  const box = document.getElementById(`tile-${tile.id}`);
  const number = Object.assign(document.createElement("span"), { className: "number", textContent: tile.number });
  const unit = Object.assign(document.createElement("span"), { className: "unit", textContent: tile.unit });
  box.querySelector(".value").replaceChildren(number, ...(tile.unit ? [unit] : []));
  box.querySelector(".note").textContent = tile.note;
}

function row(cells) {
  const line = document.createElement("tr");
  cells.forEach((text, i) => {
    const cell = document.createElement(i ? "td" : "th");
    if (!i) cell.scope = "row";
    cell.textContent = text;
    line.append(cell);
  });
  return line;
}

function tell(kind) {
  for (const box of document.querySelectorAll("[data-notice]")) box.hidden = box.dataset.notice !== kind;
}

function show(news) {
  page = news;
  shownAt = performance.now();
  page.tiles.forEach(fill);
  for (const chart of page.charts) {
    document.querySelector(`#chart-${chart.id} tbody`).replaceChildren(...chart.table.rows.map(row));
  }
  if (page.notice.kind === "stalled") {
    document.querySelector('[data-notice="stalled"] .text').textContent = page.notice.text;
  }
  draw(page.charts);
  tick();
}

function tick() {
  if (page.age_seconds === null) return;
  const age = Math.max(0, Math.floor(page.age_seconds + (performance.now() - shownAt) / 1000));
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, unit] = units.find(([size]) => age >= 2 * size) ?? [1, "s"];
  const box = document.getElementById("tile-age");
  box.querySelector(".number").textContent = Math.floor(age / size).toLocaleString("en");
  box.querySelector(".unit").textContent = unit;
}

draw(page.charts);
document.addEventListener("themechange", redraw);
setInterval(tick, 1000);
poll(`data/overview?range=${page.range}`, {
  news: (data) => { show(data); tell(data.notice.kind); },
  same: () => tell(page.notice.kind),
  failed: (why) => tell(why),
});
