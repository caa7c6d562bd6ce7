"use strict";
// The figures beside the map: headlines, ranking, funnel, sections, renewals, banks, quality.
(() => {
  const { say, count, share, money } = new Proxy({}, { get: (_, name) => (...given) => Wall[name](...given) });
  const part = (some, whole) => (whole ? some / whole : null);
  const panel = (id, title, ...inside) => Wall.el("section", { id, "aria-labelledby": `${id}-title` }, Wall.el("h2", { id: `${id}-title` }, title), ...inside);
  const nothing = () => Wall.el("p", { class: "note" }, say("nothing"));
  const gained = (area) => part(area.visited - area.visited_week_ago, area.targets);
  const points = (value) => (value === null ? "—" : `+${(100 * value).toFixed(1)}`);

  Wall.views.headlines = (area, plan) => {
    const one = (title, value, status) => Wall.el("div", { class: status || "" }, Wall.el("dt", {}, say(title)), Wall.el("dd", { "data-figure": title }, value));
    const coverage = part(area.visited, area.targets);
    document.getElementById("headlines-title").textContent = `${area.name} · ${say("headlines")}`;
    document.querySelector("#headlines dl").replaceChildren(
      one("targets", count(area.targets)), one("visited", count(area.visited)), one("coverage", share(coverage), area.status),
      one("plan", share(plan.expected)), one("attained", share(plan.expected && coverage !== null ? coverage / plan.expected : null), area.status),
      one("week", area.visited_week_ago === undefined ? "—" : points(gained(area))),
      ...(area.recommended === undefined ? [] : [
        one("recommended", count(area.recommended)), one("credited", count(area.credited)), one("credit_amount", money(area.credit_amount)),
        one("loan_amount", money(area.loan_amount)), one("overdue", count(area.overdue)), one("unresolved", count(area.unresolved)),
        one("uncontacted", count(area.renewals?.uncontacted)), ...(area.excluded === null ? [] : [one("excluded", count(area.excluded))])]));
  };

  const moved = (area, rank) => {
    const [now, before] = [area[rank], area[`${rank}_week_ago`]];
    if (!now || !before || now === before) return null;
    return Wall.el("span", { class: before > now ? "up" : "down" }, before > now ? ` ▲${before - now}` : ` ▼${now - before}`);
  };
  Wall.views.ranking = (areas, rank, title, board, open) => {
    const place = (area) => (open && area.code ? Wall.el("button", { type: "button", onclick: () => open(area.code) }, area.name) : Wall.named(area));
    const standing = (area) => (area[rank] ? Wall.el("span", {}, String(area[rank]), moved(area, rank)) : area.code && area.targets < board.min_ranked_targets ? say("small") : "—");
    const rich = areas.some((area) => area.recommended !== undefined);
    const columns = [
      [say("area"), "text", place],
      ...(rich ? [[title, "", standing]] : []),
      [say("status"), "text", (area) => Wall.el("span", {}, Wall.dot(area.status), say(area.status))],
      [say("coverage"), "", (area) => share(part(area.visited, area.targets))],
      ...(rich ? [[say("week"), "", (area) => points(gained(area))]] : []),
      [say("targets"), "", (area) => count(area.targets)], [say("visited"), "", (area) => count(area.visited)],
      ...(rich ? ["recommended", "credited", "overdue", "unresolved"].map((name) => [say(name), "", (area) => count(area[name])]) : []),
      ...(areas.some((area) => area.renewals) ? [[say("uncontacted"), "", (area) => count(area.renewals?.uncontacted)]] : []),
    ];
    document.getElementById("ranking-title").textContent = say("ranking");
    document.querySelector("#ranking .scroll").replaceChildren(Wall.table(say("ranking"), columns, areas),
      ...(rich ? [Wall.el("p", { class: "note" }, say("ranked_from") + count(board.min_ranked_targets))] : []));
  };

  const section = (id, figures) => panel(id, say(id), figures ? Wall.el("div", {}, Wall.bars([
    [say("targets"), figures.targets], [say("visited"), figures.visited, share(part(figures.visited, figures.targets))],
    [say("recommended"), figures.recommended, share(part(figures.recommended, figures.visited))],
    [say("credited"), figures.credited, share(part(figures.credited, figures.recommended))], [say("disbursed"), figures.disbursed]]),
  Wall.pairs([[say("loan_amount"), money(figures.loan_amount)], ...(id === "foreign_trade" ? [[say("insured_usd"), count(figures.insured_usd)]] : [])])) : nothing());

  // Of a township only what is due is known.
  const renewals = (found) => panel("renewals", say("renewals"), found ? Wall.pairs([
    ...["due_30", "contacted_on_time", "uncontacted"].map((name) => [say(name), count(found[name])]),
    ...(found.renewable === null ? [] : [[say("renewable"), count(found.renewable)], [say("renewed"), count(found.renewed)],
      [say("renew_rate"), share(found.renew_rate)], [say("renewal_balance"), money(found.renewal_balance)]])]) : nothing());

  const banks = (rows) => panel("banks", say("banks"), rows.length ? Wall.el("div", { class: "scroll", tabindex: 0 }, Wall.table(say("banks"), [
    [say("bank"), "text", (row) => (row.bank_name || "—") + (row.is_ningbo ? say("ningbo_mark") : "")],
    ...["overdue", "pushed", "due"].map((name) => [say(name), "", (row) => count(row[name])]), [say("on_time_rate"), "", (row) => share(row.on_time_rate)]], rows)) : nothing());

  const quality = (found) => panel("quality", say("quality"),
    Wall.el("p", {}, `${say("gate")}: ${say(found.verdict)} (${count(found.expectations)} ${say("expectations")})`),
    found.failed.length ? Wall.el("div", { class: "scroll", tabindex: 0 }, Wall.table(say("quality"), [[say("suite"), "text", (row) => row.suite], [say("expectation"), "text", (row) => row.expectation],
      [say("column"), "text", (row) => row.column_name || "—"], [say("rows"), "", (row) => count(row.unexpected_count)]], found.failed)) : null);

  const account = (rows) => (rows.length ? panel("account", say("account"), Wall.el("div", { class: "scroll", tabindex: 0 }, Wall.table(say("account"), [
    [say("source"), "text", (row) => row.source],
    ...["rows_in", "used", "superseded", "out_of_scope", "excluded", "quarantined"].map((name) => [say(name), "", (row) => count(row[name])])], rows))) : null);

  Wall.views.panels = (area, facts, withNingbo, top) => {
    const steps = ["targets", "visited", "effective", "declared", "recommended", "credited", "disbursed"].filter((name) => area[name] !== undefined);
    const funnel = steps.map((name, at) => [say(name), area[name], at ? share(part(area[name], area[steps[at - 1]])) : ""]);
    const inside = [panel("funnel", say("funnel"), Wall.bars(funnel))];
    if (area.recommended !== undefined) inside.push(section("foreign_trade", area.foreign_trade), section("sci_tech", area.sci_tech));
    if (area.recommended !== undefined) inside.push(renewals(area.renewals));
    if (top) inside.push(banks(facts.banks.filter((row) => withNingbo || !row.is_ningbo)));
    inside.push(quality(facts.quality), top ? account(facts.account) : null);
    document.getElementById("panels").replaceChildren(...inside.filter(Boolean));
  };
})();
