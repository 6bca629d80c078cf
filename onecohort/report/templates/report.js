"use strict";
// The findings table: search, filter, sort, page. Its data stands in the page as indexes into lists of texts.
(function () {
  const store = document.getElementById("findings-data");
  if (!store) return;
  const data = JSON.parse(store.textContent);
  const names = data.names, lists = names.map(name => data.columns[name]);
  const count = names.length, shown = count + 1;  // after the texts: count to sort by, count to show
  const table = document.getElementById("findings"), body = table.tBodies[0];
  const head = Array.from(table.tHead.rows[0].cells);
  const search = document.getElementById("search"), state = document.getElementById("matches");
  const filters = Array.from(document.querySelectorAll("select[data-column]"));
  const text = (row, at) => lists[at][row[at]];
  const ranks = { severity: ["error", "warning", "note"] };
  let rows = data.rows, page = 0, size = 25, sorted = null, up = true;

  function matches() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = filters.filter(f => f.value !== "").map(f => [names.indexOf(f.dataset.column), f.value]);
    const hit = lists.map(list => list.map(t => words.map(w => t.toLowerCase().includes(w))));
    return data.rows.filter(row =>
      wanted.every(([at, value]) => text(row, at) === value) &&
      words.every((_, w) => names.some((_, at) => hit[at][row[at]][w])));
  }
  function order(row) {
    if (sorted === "count") return row[count];
    const at = names.indexOf(sorted), value = text(row, at);
    return ranks[sorted] ? ranks[sorted].indexOf(value) : value;
  }
  function update() {
    rows = matches();
    if (sorted) {
      rows = rows.map((row, i) => [order(row), i, row]);
      rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (up ? 1 : -1) || a[1] - b[1]);
      rows = rows.map(keyed => keyed[2]);
    }
    page = 0;
    draw(size);
  }
  function cell(row, name) {
    const td = document.createElement("td");
    const words = name === "count" ? row[shown] : text(row, names.indexOf(name));
    if (name === "export" || name === "column") td.append(...breakable(words));
    else td.textContent = words;
    if (name === "count") td.className = "num";
    if (name === "title" || name === "message") td.className = "words";
    if (name === "message" && !words) { td.textContent = "in the center’s report card"; td.classList.add("soft"); }
    if (name === "center") td.className = "center";
    if (name === "severity") td.className = "tag " + td.textContent;
    return td;
  }
  // File and column names may break after their own joints, not in the middle of a word.
  function breakable(words) {
    return words.split(/(?<=[_.\-/])/).flatMap((part, i) => i ? [document.createElement("wbr"), part] : [part]);
  }

  function draw(most) {
    const from = page * size, part = rows.slice(from, from + most);
    body.replaceChildren(...part.map(row => {
      const tr = document.createElement("tr");
      tr.append(...head.map(th => cell(row, th.dataset.name)));
      return tr;
    }));
    const last = Math.min(from + most, rows.length);
    state.textContent = rows.length
      ? `${from + 1} to ${last} of ${rows.length.toLocaleString("en")}` : "nothing matches";
    document.getElementById("earlier").disabled = page === 0;
    document.getElementById("later").disabled = from + size >= rows.length;
  }
  for (const th of head) {
    th.querySelector("button").addEventListener("click", () => {
      up = sorted === th.dataset.name ? !up : th.dataset.name !== "count";
      sorted = th.dataset.name;
      for (const other of head) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", up ? "ascending" : "descending");
      update();
    });
  }
  search.addEventListener("input", update);
  for (const filter of filters) filter.addEventListener("change", update);
  document.getElementById("search-form").addEventListener("submit", event => event.preventDefault());
  document.getElementById("search-form").addEventListener("reset", () => setTimeout(update));
  document.getElementById("earlier").addEventListener("click", () => { page -= 1; draw(size); });
  document.getElementById("later").addEventListener("click", () => { page += 1; draw(size); });
  addEventListener("beforeprint", () => { page = 0; draw(1000); });
  addEventListener("afterprint", () => draw(size));
  update();
})();
// On paper nothing can be opened.
(function () {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
})();

// The matrix: pointer or arrow keys tell the counts of a cell.
(function () {
  const matrix = document.querySelector(".matrix"), told = document.getElementById("told");
  if (!matrix) return;
  const tell = td => { if (td && td.dataset.told) told.textContent = td.dataset.told; };
  let at = "";  // scrolling under a pointer that rests is not pointing
  matrix.addEventListener("mousemove", event => {
    const here = `${event.screenX} ${event.screenY}`;
    if (here !== at) tell(event.target.closest("td"));
    at = here;
  });
  matrix.addEventListener("focusin", event => tell(event.target.closest("td")));
  matrix.addEventListener("keydown", event => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const td = event.target.closest("td");
    if (!step || !td) return;
    const row = matrix.tBodies[0].rows[td.parentNode.rowIndex - 1 + step[0]];
    const next = row && row.cells[td.cellIndex + step[1]];
    if (!next || next.tagName !== "TD" || !next.dataset.told) return;
    event.preventDefault();
    td.tabIndex = -1; next.tabIndex = 0; next.focus();
  });
})();
