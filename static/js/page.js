// Draws what the server sent, fills in news as they come, and keeps the state in the address.
import { draw, redraw } from "./charts.js";
import { poll } from "./poll.js";

let page = JSON.parse(document.getElementById("page-data").textContent);
let shownAt = performance.now();

function fill(tile) {
  const box = document.getElementById(`tile-${tile.id}`);
  if (!box) return;
  for (const part of ["number", "unit", "note", "change"]) box.querySelector(`.${part}`).textContent = tile[part];
  box.querySelector(".change").hidden = !tile.change;
}

function row(cells, heads) {
  const line = document.createElement("tr");
  cells.forEach(({ text, href, colour }, i) => {
    const cell = document.createElement(i ? "td" : "th");
    if (!i) cell.scope = "row";
    cell.className = heads[i].className;
    if (colour) cell.append(Object.assign(document.createElement("i"), { className: `swatch ${colour}` }));
    cell.append(href ? Object.assign(document.createElement("a"), { href, textContent: text }) : text);
    line.append(cell);
  });
  return line;
}

function refill(section, rows) {
  const heads = section.querySelectorAll("thead th");
  section.querySelector("tbody").replaceChildren(...rows.map((cells) => row(cells, heads)));
}

function mark({ letter, at, text, by }) {
  const line = document.createElement("li");
  const said = (tag, words, name = "") => Object.assign(document.createElement(tag), { textContent: words, className: name });
  line.append(said("b", letter), " ", said("time", at), ` ${text} `, said("span", by, "muted"));
  return line;
}

function tell(kind) {
  for (const box of document.querySelectorAll("[data-notice]")) box.hidden = box.dataset.notice !== kind;
}

// A section that the page does not have yet comes with the page itself.
function lacks({ charts, listings }) {
  const ids = [...charts.map(({ id }) => `chart-${id}`), ...listings.map(({ id }) => `listing-${id}`)];
  return ids.some((id) => !document.getElementById(id));
}

function show(news) {
  if (lacks(news)) return location.reload();
  page = { ...page, ...news };
  shownAt = performance.now();
  page.tiles.forEach(fill);
  for (const chart of page.charts) refill(document.getElementById(`chart-${chart.id}`), chart.rows);
  for (const listing of page.listings) {
    const section = document.getElementById(`listing-${listing.id}`);
    refill(section, listing.rows);
    section.querySelector(".nothing").hidden = listing.rows.length > 0;
  }
  document.querySelector("#marks .list").replaceChildren(...page.marks.map(mark));
  document.getElementById("marks").hidden = page.marks.length === 0;
  document.querySelector("#marks .more").hidden = !page.more_marks;
  if (page.notice.kind === "stalled") {
    document.querySelector('[data-notice="stalled"] .text').textContent = page.notice.text;
  }
  draw(page.charts, { zoom, zoomOut });
  tick();
  document.dispatchEvent(new CustomEvent("news", { detail: page }));
}

function tick() {
  const box = document.getElementById("age");
  box.hidden = page.age_seconds === null;
  if (box.hidden) return;
  const age = Math.max(0, Math.floor(page.age_seconds + (performance.now() - shownAt) / 1000));
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, unit] = units.find(([size]) => age >= 2 * size) ?? [1, "s"];
  box.querySelector(".number").textContent = Math.floor(age / size).toLocaleString("en");
  box.querySelector(".unit").textContent = unit;
}

// Times are those of the reporting zone, as the axis has them: the server knows the zone.
function zoom(from, to) {
  const address = new URL(location.href);
  address.searchParams.set("from", wholeMinute(from, Math.floor));
  address.searchParams.set("to", wholeMinute(to, Math.ceil));
  leave(address);
}

function wholeMinute(text, round) {
  const iso = text.replace(" ", "T");
  const at = Date.parse(iso.length > 10 ? `${iso}Z` : iso); // no zone is meant: it goes in and out again
  return new Date(round(at / 60_000) * 60_000).toISOString().slice(0, 16);
}

function zoomOut() {
  const link = document.getElementById("zoom-out");
  if (link) leave(link.href);
}

function leave(address) {
  document.getElementById("main").setAttribute("aria-busy", "true");
  location.assign(address);
}

draw(page.charts, { zoom, zoomOut });
tick();
document.addEventListener("themechange", redraw);
addEventListener("pageshow", () => document.getElementById("main").removeAttribute("aria-busy"));
document.getElementById("main").addEventListener("click", (event) => {
  if (event.target.closest(".controls a, thead a") && !event.ctrlKey && !event.metaKey) {
    document.getElementById("main").setAttribute("aria-busy", "true");
  }
});
setInterval(tick, 1000);
poll(page.data, {
  news: (data) => { show(data); tell(data.notice.kind); },
  same: () => tell(page.notice.kind),
  failed: (why) => tell(why),
});
