"use strict";
(function () {
  const NARROW = 640; // px of a figure's box, below which the layout for phones holds
  const PAPER = 690; // px between the margins of A4
  const CONFIG = {
    responsive: false,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  };
  const template = JSON.parse(document.getElementById("template").textContent);
  const plots = Array.from(document.querySelectorAll(".plot"));
  const kept = new Map(); // box -> its figure, and how it was drawn last
  let printing = false;
  let ready = false;

  // plotly.js takes a second to begin: the page is read while it does.
  function begin() {
    if (ready) return;
    ready = true;
    const script = document.createElement("script");
    script.textContent = document.getElementById("plotly").textContent;
    document.head.appendChild(script);
    plots.forEach(function (box) { seen.observe(box); });
  }

  function record(box) {
    if (!kept.has(box)) {
      const text = document.getElementById(box.dataset.figure).textContent;
      kept.set(box, { figure: JSON.parse(text), width: 0 });
    }
    return kept.get(box);
  }

  function draw(box) {
    const width = printing ? PAPER : box.clientWidth;
    const one = record(box);
    if (!width || one.width === width) return;
    const first = one.width === 0;
    one.width = width;
    const chosen = width < NARROW && one.figure.narrow ? one.figure.narrow : one.figure.layout;
    const layout = structuredClone(chosen);
    layout.template = template;
    layout.width = width;
    layout.autosize = false;
    if (width < NARROW) {
      layout.dragmode = false; // a finger that scrolls the page must not zoom the figure
      layout.margin = Object.assign({}, layout.margin, { r: 8 });
    }
    box.style.minHeight = (layout.height || 450) + "px";
    const call = first ? Plotly.newPlot : Plotly.react;
    call(box, one.figure.data, layout, CONFIG).then(function () {
      box.dataset.drawn = "yes";
    });
  }

  const seen = new IntersectionObserver(
    function (entries) {
      for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
    },
    { rootMargin: "500px 0px" },
  );
  window.requestAnimationFrame(function () { window.setTimeout(begin, 0); });

  let waiting = 0;
  window.addEventListener("resize", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(function () {
      if (!printing) plots.forEach(function (box) { if (kept.has(box)) draw(box); });
    }, 150);
  });

  function onPaper(is) {
    if (printing === is) return;
    begin();
    printing = is;
    plots.forEach(function (box) { if (is || kept.has(box)) draw(box); });
  }
  window.addEventListener("beforeprint", function () { onPaper(true); });
  window.addEventListener("afterprint", function () { onPaper(false); });
  window.matchMedia("print").addEventListener("change", function (query) {
    onPaper(query.matches);
  });

  function sortBy(table, column, rising) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const key = function (row) { return row.cells[column].dataset.value; };
    const numeric = rows.every(function (row) { return key(row) === "" || !isNaN(key(row)); });
    rows.sort(function (a, b) {
      const one = key(a), other = key(b);
      // What is missing stands last, whichever way the rest is sorted.
      if (one === "" || other === "") return (one === "") - (other === "");
      const way = numeric ? one - other : one.localeCompare(other);
      return rising ? way : -way;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      head.querySelector("button").addEventListener("click", function () {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        sortBy(table, column, rising);
      });
    });
  });
})();
