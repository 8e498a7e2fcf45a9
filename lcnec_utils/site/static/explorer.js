/* The claims explorer: reads the JSON that stands in the page, filters it, and lets DataTables draw what is in sight. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("claims-data").textContent);
  const form = document.getElementById("claims-form");
  const search = document.getElementById("claims-search");
  const rowsOf = document.getElementById("claims-rows");
  const shown = document.getElementById("claims-shown");
  const selects = [...form.querySelectorAll("select[data-filter]")];
  const lists = data.lists;

  // Everything that comes from data goes through here before it stands in HTML
  const escaped = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const word = (list, place) => lists[list][place][0];
  const label = (list, place) => lists[list][place][1];
  const styleName = (text) => text.replace(/ /g, "-");
  const chip = (verdict, of) => {
    const name = word("verdict", verdict);
    const whose = of ? ` ${escaped(of)}` : "";
    return `<span class="chip wide verdict-${styleName(name)}"><span aria-hidden="true">${data.signs[name]}</span> ${escaped(name)}${whose ? ":" : ""}${whose}</span>`;
  };

  // One object per claim, its answers with it; one per claim and body of evidence for the second table
  const claims = data.claims.map(([id, statement, source, line, panel, published, audit, status], place) => ({
    place, id, statement, source, line, panel, published, audit, status, answers: [], missing: [],
  }));
  const answered = data.answers.map(([claim, cohort, verdict, origin, found, n, caveats, reason]) => {
    const answer = { claim: claims[claim], cohort, verdict, origin, found, n, caveats, reason };
    claims[claim].answers.push(answer);
    return answer;
  });
  const notComputable = lists.verdict.findIndex(([name]) => name === "not computable");
  const unanswered = data.unanswered.map(([claim, cohort, reason]) => {
    const none = { claim: claims[claim], cohort, verdict: notComputable, origin: -1, found: "", n: null, caveats: "", reason: data.reasons[reason] };
    claims[claim].missing.push(none);
    return none;
  });

  const claimLink = (claim) => `<a href="${encodeURIComponent(claim.id)}.html">${escaped(claim.statement)}</a>`;
  const sourceLink = (claim) => {
    const name = escaped(label("source", claim.source));
    if (!claim.line.length) return name;
    const [line, known] = claim.line;
    return `<a href="../sources/${encodeURIComponent(word("source", claim.source))}.html#line-${line}">${name}, ${known ? "" : "near "}line ${line}</a>`;
  };
  const panelLink = (claim) => {
    const [page, code, csv] = data.panels[claim.panel];
    const name = escaped(word("panel", claim.panel));
    const to = (target, text) => (target ? ` · <a href="../${escaped(target)}">${text}</a>` : "");
    return page ? `<a href="../${escaped(page)}">${name}</a>${to(code, "code")}${to(csv, "CSV")}` : `${name} (not drawn yet)`;
  };
  const told = (claim) => `${claimLink(claim)}<br><small>${sourceLink(claim)} · panel ${panelLink(claim)}</small>`;
  const chips = (claim) => {
    if (!claim.answers.length) return "<small>no body of evidence answers it</small>";
    const of = new Map();
    for (const answer of claim.answers) {
      of.set(answer.verdict, [...(of.get(answer.verdict) || []), label("cohort", answer.cohort)]);
    }
    return [...of].sort(([a], [b]) => a - b).map(([verdict, names]) => chip(verdict, names.join("; "))).join(" ");
  };
  const audit = (place) => `<span class="chip audit-${styleName(word("audit", place))}">${escaped(word("audit", place))}</span>`;
  const plain = (text) => `<span>${escaped(text)}</span>`;

  // A column: its title, what is shown, and what search and order read
  const column = (title, show, read, more) => ({
    title, ...more,
    data: null,
    render: (row, kind) => (kind === "display" ? show(row) : read(row)),
  });
  const words = (claim) => `${claim.statement} ${claim.id} ${word("source", claim.source)} ${word("panel", claim.panel)} ${label("panel", claim.panel)}`;
  const claimColumns = [
    column("Claim", told, (c) => words(c), { width: "40%" }),
    column("Published", (c) => plain(c.published), (c) => c.published),
    column("Answers", chips, (c) => c.answers.map((a) => `${word("verdict", a.verdict)} ${label("cohort", a.cohort)}`).join(" ")),
    column("Over all real cohorts", (c) => plain(word("status", c.status)), (c) => c.status),
    column("Audit", (c) => audit(c.audit), (c) => c.audit),
  ];
  const answerColumns = [
    column("Claim", (a) => told(a.claim), (a) => words(a.claim), { width: "34%" }),
    column("Published", (a) => plain(a.claim.published), (a) => a.claim.published),
    column("Cohort", (a) => plain(label("cohort", a.cohort)), (a) => label("cohort", a.cohort)),
    column("Found", (a) => plain(a.found), (a) => a.found),
    column("n", (a) => (a.n === null ? "" : a.n.toLocaleString("en")), (a) => (a.n === null ? -1 : a.n)),
    column("Verdict", (a) => chip(a.verdict), (a) => a.verdict),
    column("Origin", (a) => (a.origin < 0 ? "" : plain(word("origin", a.origin))), (a) => a.origin),
    column("Caveats; reason", (a) => `<small>${[a.caveats, a.reason].filter(Boolean).map(escaped).join("<br>")}</small>`, (a) => `${a.caveats} ${a.reason}`),
  ];

  // --- filters
  const wanted = () => Object.fromEntries(
    selects.map((select) => [select.dataset.filter, select.value === "" ? -1 : lists[select.dataset.filter].findIndex(([name]) => name === select.value)]),
  );
  let want = wanted();
  const is = (name, place) => want[name] < 0 || want[name] === place;
  const claimFits = (c) => is("source", c.source) && is("panel", c.panel) && is("audit", c.audit) && is("status", c.status);
  const answerFits = (a) => is("verdict", a.verdict) && is("origin", a.origin) && is("cohort", a.cohort);
  const asksAnswers = () => want.verdict >= 0 || want.origin >= 0 || want.cohort >= 0;
  // a cohort or origin alone asks who answered; who could not is asked for by the verdict
  const fits = (c) => claimFits(c) && (!asksAnswers() || (want.verdict === notComputable ? [...c.missing, ...c.answers] : c.answers).some(answerFits));
  const rowFits = (a) => claimFits(a.claim) && answerFits(a);

  // --- tables
  const tables = {};
  const make = (id, rows, columns, test) => {
    const table = new window.DataTable(`#${id}`, {
      data: rows, columns, deferRender: true, pageLength: 25, lengthMenu: [25, 50, 100], order: [], autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: ["pageLength", "info"], bottomEnd: "paging" },
      language: { info: "_START_ to _END_ of _TOTAL_", infoEmpty: "none", infoFiltered: "(of _MAX_)", lengthMenu: "Rows a page _MENU_" },
      createdRow: (element) => {
        // a narrow screen lays rows out as cards, which takes a table's roles from it unless they are written down
        element.setAttribute("role", "row");
        element.querySelectorAll("td").forEach((cell, place) => {
          cell.setAttribute("role", "cell");
          cell.setAttribute("data-title", columns[place].title);
        });
      },
    });
    table.search.fixed("filters", (text, row) => test(row));
    return table;
  };
  const current = () => {
    const name = rowsOf.value === "answers" ? "answers" : "claims";
    if (!tables[name]) {
      tables[name] = name === "claims"
        ? make("claims-table", claims, claimColumns, fits)
        : make("answers-table", [...answered, ...unanswered], answerColumns, rowFits);
    }
    for (const other of ["claims", "answers"]) {
      const element = document.getElementById(`${other}-table`);
      (element.closest(".dt-container") || element).hidden = other !== name;
      element.hidden = other !== name;
    }
    return [name, tables[name]];
  };
  const draw = () => {
    want = wanted();
    const [name, table] = current();
    table.search(search.value).draw();
    const count = table.rows({ search: "applied" }).count();
    const all = name === "claims" ? claims.length : answered.length + unanswered.length;
    shown.textContent = `${count.toLocaleString("en")} of ${all.toLocaleString("en")} ${name === "claims" ? "claims" : "pairs of a claim and a body of evidence"}`;
  };

  // --- DataTables has a dark style of its own, under another name than the theme's
  const root = document.documentElement;
  const follow = () => root.classList.toggle("dark", root.dataset.theme === "dark");
  new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  follow();

  // --- the address holds the filters, so that a link can carry them
  const write = () => {
    const parts = selects.filter((select) => select.value).map((select) => [select.dataset.filter, select.value]);
    if (search.value) parts.push(["search", search.value]);
    if (rowsOf.value) parts.push(["rows", rowsOf.value]);
    const hash = new URLSearchParams(parts).toString();
    history.replaceState(null, "", hash ? `#${hash}` : `${location.pathname}${location.search}`);
  };
  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const select of selects) select.value = lists[select.dataset.filter].some(([name]) => name === given.get(select.dataset.filter)) ? given.get(select.dataset.filter) : "";
    search.value = given.get("search") || "";
    rowsOf.value = given.get("rows") === "answers" ? "answers" : "";
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { draw(); write(); });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const control of [...selects, rowsOf, search]) control.value = "";
    draw();
    write();
  });
  window.addEventListener("hashchange", () => { read(); draw(); });
  window.DataTable.ext.errMode = "throw";
  read();
  draw();
  root.setAttribute("data-claims", "ready");
})();
