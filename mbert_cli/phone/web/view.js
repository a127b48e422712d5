/** Records and times to what stands on the page. Texts and labels are set as text, never as HTML. */

import { percentile } from "./answers.js";

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** The text boxes of a task, each with its name and an example. */
export function fields(place, descriptions) {
  return descriptions.map(({ name, example, rows }) => {
    const label = element("label", name);
    const box = element("textarea", example);
    box.rows = rows;
    label.append(box);
    place.append(label);
    return box;
  });
}

/** The answer in large letters. */
export function result(text) {
  return element("p", text, "result");
}

/** Text of the usual size. */
export function plain(text) {
  return element("p", text);
}

/** Shares of 1 as bars, the largest first. */
export function bars(shares, chosen) {
  const list = element("ol", "", "bars");
  const sorted = Object.entries(shares).sort(([, one], [, other]) => other - one);
  for (const [name, share] of sorted) {
    const row = element("li", "", chosen.includes(name) ? "chosen" : "");
    row.style.setProperty("--share", `${100 * share}%`);
    row.append(element("span", name), element("span", `${(100 * share).toFixed(1)}%`, "figure"));
    list.append(row);
  }
  return list;
}

/** A text with some of its pieces marked, given by code points. */
export function markedText(text, pieces) {
  const points = Array.from(text);
  const shown = element("p", "", "text");
  let done = 0;
  for (const { start, end, label, probability } of pieces) {
    const mark = element("mark", points.slice(start, end).join(""));
    if (label) mark.append(element("small", `${label} ${(100 * probability).toFixed(0)}%`));
    shown.append(points.slice(done, start).join(""), mark);
    done = end;
  }
  shown.append(points.slice(done).join(""));
  return shown;
}

/** What was measured, and on what. */
export function showTimes(place, times, tokens, length) {
  const milliseconds = (share) => `${percentile(times, share).toFixed(2)} ms`;
  const rows = [
    ["p50", milliseconds(0.5), "large"],
    ["p90", milliseconds(0.9), "large"],
    ["runs", `${times.length}, after 10 that were not timed`],
    ["tokens", tokens === length ? `${length}` : `${tokens}, padded to ${length}`],
    ["device", navigator.userAgent],
    ["cores", String(navigator.hardwareConcurrency ?? "unknown")],
  ];
  place.replaceChildren(
    ...rows.flatMap(([name, value, className]) => [element("dt", name), element("dd", value, className)]),
  );
}

/** The tokens of a row with their ids. */
export function showTokens(place, row, tokens) {
  place.replaceChildren(
    ...row.ids.map((id) => {
      const item = element("li", tokens[id]);
      item.append(element("small", String(id)));
      return item;
    }),
  );
}
