"use strict";
// Small makers of elements and numbers. Text is only ever set as text: what a register wrote cannot become markup.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const fill = (node, traits, inside) => {
    for (const [name, value] of Object.entries(traits || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...inside.filter((one) => one !== null && one !== undefined));
    return node;
  };
  Wall.el = (tag, traits, ...inside) => fill(document.createElement(tag), traits, inside);
  Wall.svg = (tag, traits, ...inside) => fill(document.createElementNS(SVG, tag), traits, inside);

  const locale = () => (Wall.state.lang === "en" ? "en-GB" : "zh-CN");
  Wall.count = (value) => (value === null || value === undefined ? "—" : value.toLocaleString(locale()));
  Wall.share = (value) => (value === null || value === undefined ? "—"
    : value.toLocaleString(locale(), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }));
  Wall.money = (value) => {
    if (value === null || value === undefined) return "—";
    const [unit, name] = Wall.state.lang === "en"
      ? (Math.abs(value) >= 1e9 ? [1e9, "bn CNY"] : [1e6, "m CNY"])
      : (Math.abs(value) >= 1e8 ? [1e8, "亿元"] : [1e4, "万元"]);
    return `${(value / unit).toLocaleString(locale(), { maximumFractionDigits: 2 })} ${name}`;
  };
  Wall.named = (area) => (area.code === null ? Wall.say("pool") : area.name);
  Wall.dot = (status) => Wall.el("span", { class: `dot ${status}`, "aria-hidden": "true" });

  // columns: [title, class or "", row => node or text]
  Wall.table = (caption, columns, rows) => Wall.el("table", { "aria-label": caption },
    Wall.el("thead", {}, Wall.el("tr", {}, ...columns.map(([title, kind]) => Wall.el("th", { scope: "col", class: kind }, title)))),
    Wall.el("tbody", {}, ...rows.map((row) => Wall.el("tr", { "data-code": row.code },
      ...columns.map(([, kind, cell]) => Wall.el("td", { class: kind }, cell(row)))))));

  Wall.bars = (rows) => {
    const most = Math.max(1, ...rows.map(([, value]) => value || 0));
    return Wall.el("table", {}, Wall.el("tbody", {}, ...rows.map(([title, value, note]) => Wall.el("tr", {},
      Wall.el("th", { scope: "row", class: "text" }, title),
      Wall.el("td", { class: "text" }, Wall.svg("svg", { viewBox: "0 0 100 10", width: 100, preserveAspectRatio: "none", "aria-hidden": "true" },
        Wall.svg("rect", { width: 100, height: 10, class: "fill-rest" }),
        Wall.svg("rect", { width: (100 * (value || 0)) / most, height: 10, class: "fill-bar" }))),
      Wall.el("td", {}, Wall.count(value)), Wall.el("td", {}, note || "")))));
  };
  Wall.pairs = (rows) => Wall.el("table", {}, Wall.el("tbody", {}, ...rows.map(([title, value]) => Wall.el("tr", {},
    Wall.el("th", { scope: "row", class: "text" }, title), Wall.el("td", {}, value)))));
})();
