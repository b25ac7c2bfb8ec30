"use strict";
// What needs no server: a number beside each slider, the state in the address, the clipboard.
(function () {
  // Rounds to what can be set, as plasmonbench/explore/flows.py does, and keeps to the bounds.
  function settle(value, low, high, step) {
    const rounded = Number((Math.round(value / step) * step).toPrecision(12));
    return Math.min(high, Math.max(low, rounded));
  }

  // A number field tells of no change where the number is the one that was typed into it last,
  // even if a button has set another since; so what stands in it is read at Enter and on leaving.
  function sync(slider, amount, _submits, _blurs, low, high, step) {
    const same = window.dash_clientside.no_update;
    const triggered = window.dash_clientside.callback_context.triggered
      .map((t) => t.prop_id)
      .find((id) => id.includes('"type":"amount"'));
    if (triggered) {
      const field = document.getElementById(triggered.slice(0, triggered.lastIndexOf(".")));
      const number = parseFloat(field ? field.value : amount);
      const value = Number.isFinite(number) ? settle(number, low, high, step) : Number(slider);
      if (field && field.value !== String(value)) {
        field.value = String(value);
      }
      return [value === Number(slider) ? same : value, value === amount ? same : value];
    }
    const value = Number(slider);
    return [same, value === amount ? same : value];
  }

  let waiting = null;
  function keepInAddress(query) {
    // Browsers allow few changes of the address a second; the last of a drag is what counts.
    clearTimeout(waiting);
    waiting = setTimeout(function () {
      window.history.replaceState(window.history.state, "", query);
    }, 250);
  }

  async function toClipboard(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Beyond loopback without https there is no clipboard but this one.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) {
      throw new Error("no clipboard");
    }
  }

  async function copy(recipeClicks, linkClicks, share) {
    const triggered = window.dash_clientside.callback_context.triggered.map((t) => t.prop_id);
    if (!share) {
      return "";
    }
    if (triggered.includes("share.data")) {
      keepInAddress(share.query);
      return "";
    }
    const link = triggered.includes("copy-link.n_clicks");
    const text = link
      ? window.location.origin + window.location.pathname + share.query
      : share.recipe;
    try {
      await toClipboard(text);
      return link ? "Link copied." : "Recipe copied.";
    } catch (error) {
      return "Copy it from here: " + text;
    }
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    explore: { sync: sync, copy: copy },
  });
})();
