"use strict";
// Where facts come from: the server, or scripts beside the page when it was opened from disk.
(() => {
  const live = document.querySelector('meta[name="wall-mode"]').content === "live";
  const waiting = new Map();
  const held = new Map();

  Wall.deliver = (name, facts) => waiting.get(name)?.(facts);

  const fetched = async (url) => {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw Object.assign(new Error(url), { status: answer.status });
    return answer.json();
  };
  const beside = (url, name) => new Promise((done, failed) => {
    const script = document.createElement("script");
    waiting.set(name, done);
    script.src = url;
    script.onerror = () => failed(new Error(url));
    document.head.append(script);
  });

  Wall.live = live;
  Wall.now = () => (live ? fetched("now") : beside("facts/now.js", "now"));
  Wall.outlines = () => (live ? fetched("static/outlines.json") : beside("facts/outlines.js", "outlines"));
  Wall.facts = (edition, name) => {
    const key = `${edition}/${name}`;
    if (!held.has(key)) {
      const coming = live ? fetched(`facts/${edition}/${name}.json`) : beside(`facts/${name}.js`, name);
      held.set(key, coming);
      coming.catch(() => held.delete(key));
    }
    return held.get(key);
  };
})();
