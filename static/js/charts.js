// Hands the server's figures to Plotly, in the colours of the current theme.
let charts = [];
let turns = {};
let current = null;

const CONFIG = {
  displaylogo: false,
  showSendToCloud: false,
  responsive: true,
  doubleClick: false, // it leads out of the zoom, by the address
  modeBarButtonsToRemove: [
    "select2d", "lasso2d", "pan2d", "autoScale2d", "zoom2d", "zoomIn2d", "zoomOut2d", "resetScale2d",
  ],
};

function themed(figure) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const touch = matchMedia("(pointer: coarse)").matches;
  const layout = structuredClone(figure.layout);
  layout.font = { color: colour("--muted"), family: getComputedStyle(document.body).fontFamily, size: 12 };
  layout.dragmode = touch ? false : "zoom"; // a finger scrolls the page, it does not zoom
  layout.hoverlabel = {
    bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--text") },
  };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--accent") };
  if (innerWidth < 640) layout.xaxis = { ...layout.xaxis, nticks: 6 };
  for (const axis of ["xaxis", "yaxis"]) {
    layout[axis] = { ...layout[axis], gridcolor: colour("--line"), linecolor: colour("--line") };
  }
  return layout;
}

function zoomed(change) {
  const from = change["xaxis.range[0]"];
  const to = change["xaxis.range[1]"];
  if (typeof from === "string" && typeof to === "string") turns.zoom(from, to);
}

function listen(place) {
  if (place.dataset.heard) return;
  place.dataset.heard = "yes";
  place.on("plotly_relayout", zoomed);
  place.on("plotly_doubleclick", () => turns.zoomOut());
}

export function draw(next, { zoom, zoomOut }) {
  charts = next;
  turns = { zoom, zoomOut };
  redraw();
}

function put(chart) {
  const place = document.querySelector(`#chart-${chart.id} .plot`);
  if (!window.Plotly) {
    place.firstElementChild.textContent = "The chart could not be loaded; the table below holds its points.";
    return;
  }
  place.querySelector(":scope > .loading")?.remove();
  const config = { ...CONFIG, toImageButtonOptions: { filename: `canvalo-${chart.id}` } };
  const data = chart.figure.data.map((trace) => ({ ...structuredClone(trace), x: trace.x ?? chart.x }));
  window.Plotly.react(place, data, themed(chart.figure), config);
  listen(place);
}

// One chart a turn, so that the first is seen before the last is drawn; a newer call takes over.
export async function redraw() {
  const mine = Symbol("redraw");
  current = mine;
  for (const chart of charts) {
    put(chart);
    await new Promise((next) => setTimeout(next));
    if (current !== mine) return;
  }
}
