"use strict";
// The page: which place is shown, in which language, of which edition; everything else draws what it is given.
(() => {
  const LOOK_EVERY = 5000;
  const state = (Wall.state = { at: "", lang: "zh", ningbo: true });
  let edition = null, facts = null, outlines = null, home = "", turn = 0;
  const byId = (id) => document.getElementById(id);

  const readHash = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    state.at = /^33\d{2}00$|^33\d{4}$|^33\d{7}$/.test(given.get("at") || "") ? given.get("at") : home;
    state.lang = given.get("lang") === "en" ? "en" : "zh";
    state.ningbo = given.get("ningbo") !== "no";
  };
  const go = (change) => {
    const next = { ...state, ...change };
    const said = new URLSearchParams();
    if (next.at) said.set("at", next.at);
    if (next.lang === "en") said.set("lang", "en");
    if (!next.ningbo) said.set("ningbo", "no");
    location.hash = said.toString();
  };
  const open = (code) => go({ at: code });
  const isCity = (code) => code.length === 6 && code.endsWith("00");
  const sorted = (areas, rank) => [...areas].sort((a, b) => (a[rank] || 1e9) - (b[rank] || 1e9) || b.targets - a.targets);

  // What is shown at a place: its own figures, what lies below, and the way up.
  const scene = async () => {
    const rank = state.ningbo ? "rank" : "rank_excl_ningbo";
    const shown = (area) => state.ningbo || area.city_code !== "330200";
    const { at } = state;
    if (!at) {
      const area = facts.regions[state.ningbo ? "province" : "province_excl_ningbo"];
      return area && { area: { ...area, name: Wall.say(state.ningbo ? "province" : "province_excl") }, below: facts.cities.filter(shown), level: "cities", rank, title: "rank_province", path: [] };
    }
    if (isCity(at)) {
      const area = facts.cities.find((one) => one.code === at);
      return area && { area, below: facts.counties.filter((one) => one.city_code === at), level: "counties", rank, title: "rank_province", path: [area] };
    }
    const county = facts.counties.find((one) => one.code === at.slice(0, 6));
    if (!county) return null;
    const inside = await Wall.facts(edition, `county/${county.code}`);
    const above = facts.cities.filter((one) => one.code === county.city_code);
    if (at.length === 6) return { area: county, below: inside.townships, level: "townships", rank: "rank", title: "rank_county", path: [...above, county] };
    const town = inside.townships.find((one) => one.code === at);
    return town && { area: town, below: inside.communities[at] || [], level: "communities", rank: "", title: "rank", path: [...above, county, town] };
  };

  const head = (path) => {
    const { batch, plan, quality } = facts;
    document.documentElement.lang = state.lang === "en" ? "en" : "zh-CN";
    document.title = byId("title").textContent = Wall.say("title");
    byId("batch").textContent = `${Wall.say("batch")} ${batch.batch_id} · ${Wall.say("version")} ${batch.version} · ${Wall.say("as_of")} ${batch.as_of} · `
      + `${Wall.say("facts_as_of")} ${batch.facts_as_of} · ${Wall.say("deadline")} ${plan.ends_on} (${plan.elapsed_days}/${plan.planned_days} ${Wall.say("days")}) · ${Wall.say("gate")}: ${Wall.say(quality.verdict)}`;
    byId("language").textContent = Wall.say("other");
    byId("language").lang = state.lang === "en" ? "zh-CN" : "en";
    byId("ningbo").textContent = Wall.say(state.ningbo ? "with_ningbo" : "without_ningbo");
    byId("ningbo").setAttribute("aria-pressed", String(state.ningbo));
    byId("ningbo").hidden = !facts.regions.province;
    byId("skip").textContent = Wall.say("to_table");
    const top = facts.regions.province ? [{ code: "", name: Wall.say("province") }] : [];
    const steps = [...top, ...path];
    byId("path").replaceChildren(...steps.map((area, at) => Wall.el("button", {
      type: "button", "aria-current": at === steps.length - 1 ? "page" : null, onclick: () => open(area.code) }, area.name)));
    byId("legend").replaceChildren(...["green", "yellow", "red", "none"].map((status) => Wall.el("li", {}, Wall.dot(status), Wall.say(status), rule(status))));
    byId("foot").textContent = Wall.say("foot");
  };
  const rule = (status) => {
    const { red_below: red, yellow_below: yellow } = facts.board;
    const text = { green: `≥ ${Wall.share(yellow)}`, yellow: `${Wall.share(red)} – ${Wall.share(yellow)}`, red: `< ${Wall.share(red)}` }[status];
    return text ? ` ${text} ${Wall.say("rule_of")}` : "";
  };

  const draw = async () => {
    readHash();
    const mine = ++turn;
    const found = await scene();
    // Another place was asked for while this one's facts were on their way.
    if (mine !== turn) return;
    if (!found) {
      if (state.at !== home) go({ at: home });
      return;
    }
    const { area, below, level, rank, title, path } = found;
    head(path);
    const rows = sorted(below, rank);
    const next = level === "communities" ? null : open;
    byId("place-title").textContent = Wall.say({ cities: "map", counties: "map", townships: "tiles_township", communities: "tiles_community" }[level]);
    Wall.views.headlines(area, facts.plan);
    Wall.views.ranking(rows, rank, Wall.say(title), facts.board, next);
    Wall.views.panels(area, facts, state.ningbo, !state.at);
    if (level === "cities" || level === "counties") Wall.views.map(outlines, rows, level, next);
    else Wall.views.tiles(rows, next);
    document.body.dataset.at = state.at || "province";
    document.body.dataset.edition = edition;
    performance.mark("drawn");
  };

  const load = async () => {
    const now = await Wall.now();
    if (now.edition === edition) return false;
    facts = await Wall.facts(now.edition, "wall");
    edition = now.edition;
    home = now.scope === "33" ? "" : now.scope.padEnd(6, "0");
    await draw();
    return true;
  };
  const look = async () => {
    const news = byId("news");
    try {
      if (await load()) news.textContent = Wall.say("news");
      else if (news.dataset.lost) news.textContent = "";
      delete news.dataset.lost;
    } catch (problem) {
      complain(problem);
    }
  };
  const complain = (problem) => {
    byId("news").textContent = Wall.say(problem.status === 403 ? "over" : "lost");
    byId("news").dataset.lost = "yes";
  };

  const start = async () => {
    byId("language").addEventListener("click", () => go({ lang: state.lang === "en" ? "zh" : "en" }));
    byId("ningbo").addEventListener("click", () => go({ ningbo: !state.ningbo }));
    byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("ranking").focus(); });
    addEventListener("hashchange", () => draw().catch(complain));
    outlines = await Wall.outlines();
    await load();
    if (Wall.live) setInterval(look, LOOK_EVERY);
  };
  start().catch((problem) => { readHash(); complain(problem); });
})();
