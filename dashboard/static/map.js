"use strict";
// The map of cities and counties; townships and communities, whose borders nobody publishes, as tiles.
(() => {
  const label = (area) => `${area.name}: ${Wall.say(area.status)}, ${Wall.say("coverage")} ${Wall.share(area.targets ? area.visited / area.targets : null)}`;

  const shape = (area, outline, open) => {
    const go = () => open(area.code);
    return Wall.svg("path", {
      d: outline.d, class: `area fill-${area.status}`, tabindex: 0, role: "button", "aria-label": label(area), "data-code": area.code,
      onclick: go,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(); } },
    }, Wall.svg("title", {}, label(area)));
  };

  Wall.views.map = (outlines, areas, level, open) => {
    const known = areas.filter((area) => outlines[level][area.code]);
    const shapes = Wall.svg("g", {}, ...known.map((area) => shape(area, outlines[level][area.code], open)));
    const drawing = Wall.svg("svg", { viewBox: `0 0 ${outlines.width} ${outlines.height}`, role: "group", "aria-label": Wall.say("map") }, shapes);
    document.getElementById("drawing").replaceChildren(drawing);
    const box = shapes.getBBox();
    const edge = Math.max(box.width, box.height, 1) * 0.03;
    drawing.setAttribute("viewBox", [box.x - edge, box.y - edge, box.width + 2 * edge, box.height + 2 * edge].join(" "));
    const size = Math.max(box.width, box.height) / 34;
    drawing.append(Wall.svg("g", { "aria-hidden": "true" }, ...known.map((area) => {
      const [x, y] = outlines[level][area.code].at;
      return Wall.svg("text", { x, y, "font-size": size, "stroke-width": size / 6 }, area.name);
    })));
  };

  Wall.views.tiles = (areas, open) => {
    const tile = (area) => {
      const inside = [Wall.el("b", {}, Wall.named(area)), `${Wall.share(area.targets ? area.visited / area.targets : null)} · ${Wall.say(area.status)}`];
      const traits = { class: `tile ${area.status}`, "data-code": area.code };
      return open && area.code
        ? Wall.el("button", { ...traits, type: "button", onclick: () => open(area.code) }, ...inside)
        : Wall.el("div", traits, ...inside);
    };
    document.getElementById("drawing").replaceChildren(Wall.el("div", { class: "tiles", tabindex: 0, role: "group", "aria-label": Wall.say("map") }, ...areas.map(tile)));
  };
})();
