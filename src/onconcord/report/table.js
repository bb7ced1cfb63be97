// The variant table: search, filters, sort, paging. Values reach the page as text, never as markup.

// A cell of the saved file. Spreadsheet programs run what begins with one of these signs, and take
// what stands in quotation marks without them.
function tsvCell(value) {
  if (typeof value !== "string") return value === null ? "" : String(value);
  let text = value.replace(/[\t\r\n]/g, " ");
  if (/^[\p{C}\p{Z}]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(text)) text = "'" + text;
  return text.includes('"') ? '"' + text.replace(/"/g, '""') + '"' : text;
}

(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("variant-data").textContent);
  const at = Object.fromEntries(data.columns.map((name, i) => [name, i]));
  const el = (id) => document.getElementById(id);
  const body = el("variants").tBodies[0];
  const PAGE = 25;
  let shown = PAGE, sortBy = null, down = false;

  function make(tag, text, style) {
    const node = document.createElement(tag);
    if (text !== null && text !== undefined) node.textContent = text;
    if (style) node.className = style;
    return node;
  }
  const reads = (part, depth) =>
    depth === null ? "n/a" : part === null ? "– / " + depth : part + " / " + depth;

  function draw(row) {
    const get = (name) => row[at[name]];
    const tr = document.createElement("tr");
    tr.dataset.key = get("variant_key");
    const add = (node) => tr.appendChild(node);
    const status = make("td");
    status.appendChild(make("span", get("status"), "st st-" + get("status")));
    add(status);
    add(make("td", get("pair_id"), "id"));
    const gene = make("td", get("gene_symbol") || "–", "g");
    if (get("hotspot")) gene.appendChild(make("span", "hotspot", "hotmark"));
    add(gene);
    const change = make("td", get("hgvsp") || get("hgvsc") || "–");
    if (get("hgvsp")) change.appendChild(make("small", get("hgvsc")));
    add(change);
    add(make("td", (get("consequence_so") || "–").replace(/_/g, " ").replace(/&/g, ", ")));
    add(make("td", get("variant_key"), "k"));
    const vaf = make("td", null, "n");
    if (get("tumor_vaf") === null) vaf.textContent = "n/a";
    else {
      const bar = make("span", null, "vafbar");
      bar.style.width = Math.round(get("tumor_vaf") * 44) + "px";
      vaf.append(bar, get("tumor_vaf").toFixed(3));
    }
    add(vaf);
    add(make("td", reads(get("tumor_alt_count"), get("tumor_depth")), "n"));
    add(make("td", reads(get("normal_alt_count"), get("normal_depth")), "n"));
    const callers = make("td", get("n_callers_pass") + " of " + get("n_callers_capable"));
    callers.title = get("callers_pass") || "";
    add(callers);
    add(make("td", (get("reason") || "").replace(/_/g, " ")));
    const link = make("td");
    const page = data.reads[get("pair_id")];
    if (page && page.keys.includes(get("variant_key"))) {
      const a = make("a", "reads");
      a.href = page.href + "#" + encodeURIComponent(get("variant_key"));
      link.appendChild(a);
    }
    add(link);
    return tr;
  }

  function chosen() {
    const words = el("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const pair = el("pair").value;
    const statuses = [...document.querySelectorAll("[name=status]:checked")].map((box) => box.value);
    const rows = data.rows.filter((row) => {
      if (!statuses.includes(row[at.status])) return false;
      if (pair && row[at.pair_id] !== pair) return false;
      const text = row.join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    if (sortBy === null) return rows;
    return rows.sort((a, b) => {
      const x = a[at[sortBy]], y = b[at[sortBy]];
      if (x === y) return 0;
      if (x === null) return 1;
      if (y === null) return -1;
      const less = typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return down ? -less : less;
    });
  }

  function show() {
    const rows = chosen();
    body.replaceChildren(...rows.slice(0, shown).map(draw));
    el("count").textContent = Math.min(shown, rows.length) + " of " + rows.length + " shown";
    el("more").hidden = rows.length <= shown;
  }
  function again() { shown = PAGE; show(); }

  el("search").addEventListener("input", again);
  el("pair").addEventListener("change", again);
  document.querySelectorAll("[name=status]").forEach((box) => box.addEventListener("change", again));
  el("more").addEventListener("click", () => { shown += 4 * PAGE; show(); });
  document.querySelectorAll("#variants th button").forEach((button) =>
    button.addEventListener("click", () => {
      down = sortBy === button.dataset.column ? !down : false;
      sortBy = button.dataset.column;
      document.querySelectorAll("#variants th").forEach((th) => th.removeAttribute("aria-sort"));
      button.parentElement.setAttribute("aria-sort", down ? "descending" : "ascending");
      again();
    }));
  el("save").addEventListener("click", () => {
    const text = [data.columns, ...chosen()].map((row) => row.map(tsvCell).join("\t")).join("\n") + "\n";
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([text], { type: "text/tab-separated-values" }));
    a.download = "variants.tsv";
    a.click();
    URL.revokeObjectURL(a.href);
  });
  // Paper has no buttons: all chosen rows are printed, and what is folded is opened.
  let before = PAGE, folded = [];
  function unfold() {
    before = shown; shown = Infinity; show();
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((one) => { one.open = true; });
  }
  function fold() {
    shown = before; show();
    folded.forEach((one) => { one.open = false; });
  }
  window.addEventListener("beforeprint", unfold);
  window.addEventListener("afterprint", fold);
  show();
})();
