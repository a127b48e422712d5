/** Outputs of a model to what it says, in the records that `mbert predict --jsonl` writes. */

/**
 * The likeliest label.
 *
 * @param {string[]} labels
 * @param {ArrayLike<number>} probabilities One for each label.
 */
export function oneLabel(labels, probabilities) {
  const values = Array.from(probabilities);
  return { label: labels[indexOfLargest(values)], probabilities: figures(labels, values) };
}

/** All labels that are likely enough. */
export function severalLabels(labels, probabilities, threshold) {
  const values = Array.from(probabilities);
  return { labels: labels.filter((_, index) => values[index] >= threshold), probabilities: figures(labels, values) };
}

/** The numbers of a regression. */
export function numbers(names, values) {
  return Object.fromEntries(names.map((name, index) => [name, rounded(values[index], 4)]));
}

/**
 * The pieces of a text that answer a question best, over all windows.
 *
 * @param {string} text
 * @param {object[]} windows As `questionRows` gives them.
 * @param {{starts: ArrayLike<number>, ends: ArrayLike<number>}[]} logits Of each window, by column.
 * @param {{starts: number[], ends: number[]}} tokens Characters of the tokens of the text.
 * @param {{numBest: number, maxAnswerTokens: number, withNull: boolean, nullThreshold: number}} options
 */
export function spans(text, windows, logits, tokens, options) {
  const points = Array.from(text);
  const found = windows.flatMap((window, index) => pairs(window, logits[index], options));
  found.sort((one, other) => other.score - one.score);
  const kept = new Map();
  for (const { first, last, score } of found) {
    if (kept.size === options.numBest) break;
    const start = tokens.starts[first];
    const piece = points.slice(start, tokens.ends[last]).join("");
    if (!kept.has(piece)) kept.set(piece, { text: piece, start, score });
  }
  const candidates = [...kept.values()];
  const nullScore = Math.min(...logits.map(({ starts, ends }) => starts[0] + ends[0]));
  const scores = candidates.map(({ score }) => score).concat(options.withNull ? [nullScore] : []);
  const probabilities = softmax(scores);
  const nullDifference = candidates.length ? nullScore - candidates[0].score : Infinity;
  const isNull = options.withNull && nullDifference > options.nullThreshold;
  return {
    answer: isNull || !candidates.length ? "" : candidates[0].text,
    ...(options.withNull && {
      null_probability: rounded(probabilities[candidates.length], 6),
      null_difference: nullDifference,
    }),
    candidates: candidates.map((one, index) => ({ ...one, probability: rounded(probabilities[index], 6) })),
  };
}

/**
 * The pieces of a text that labelled words make up.
 *
 * @param {string} text
 * @param {{start: number, end: number}[]} words
 * @param {ArrayLike<number>[]} probabilities Of each word, one for each label.
 * @param {string[]} labels
 * @param {string[] | null} chunks The labels as B-x, I-x, E-x, S-x or O; null where each word has a tag.
 */
export function pieces(text, words, probabilities, labels, chunks) {
  const points = Array.from(text);
  const best = probabilities.map((values) => indexOfLargest(Array.from(values)));
  const names = best.map((index) => (chunks ?? labels)[index]);
  const groups = chunks ? group(names) : names.flatMap((name, word) => (name === "O" ? [] : [[name, word, word]]));
  return groups.map(([label, first, last]) => {
    const range = best.slice(first, last + 1).map((index, place) => probabilities[first + place][index]);
    const [start, end] = [words[first].start, words[last].end];
    const probability = rounded(range.reduce((sum, value) => sum + value, 0) / range.length, 6);
    return { start, end, text: points.slice(start, end).join(""), label, probability };
  });
}

/** The cosine of the angle between two vectors. */
export function cosine(one, other) {
  const dot = (left, right) => left.reduce((sum, value, index) => sum + value * right[index], 0);
  const [first, second] = [Array.from(one), Array.from(other)];
  return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
}

/** The value below which a share of some numbers lies, between neighbours in proportion. */
export function percentile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Every allowed pair of a good start and a good end in a window: first token, last token, score. */
function pairs(window, { starts, ends }, { numBest, maxAnswerTokens }) {
  const offsets = Array.from({ length: window.length }, (_, offset) => offset);
  const logit = (values) => (offset) => values[offset + window.firstColumn];
  const goodStarts = largest(offsets.filter((offset) => window.mayStart[offset]), logit(starts), numBest);
  const goodEnds = largest(offsets, logit(ends), numBest);
  return goodStarts.flatMap((start) =>
    goodEnds
      .filter((end) => end >= start && end - start < maxAnswerTokens)
      .map((end) => ({
        first: window.firstToken + start,
        last: window.firstToken + end,
        score: logit(starts)(start) + logit(ends)(end),
      })),
  );
}

function largest(offsets, valueOf, count) {
  return [...offsets].sort((one, other) => valueOf(other) - valueOf(one)).slice(0, count);
}

/** Type, first and last word of each entity, as conlleval reads marks: B begins one, E and S end one. */
function group(names) {
  const found = [];
  let open = null;
  names.forEach((name, word) => {
    const [mark, type] = name === "O" ? ["O", ""] : [name[0], name.slice(2)];
    const goesOn = open && "IE".includes(mark) && type === open.type && !"ES".includes(open.mark);
    if (!goesOn && open) {
      found.push([open.type, open.first, word - 1]);
      open = null;
    }
    if (mark !== "O") open = { type, mark, first: open ? open.first : word };
  });
  if (open) found.push([open.type, open.first, names.length - 1]);
  return found;
}

function softmax(scores) {
  const most = Math.max(...scores);
  const exponents = scores.map((score) => Math.exp(score - most));
  const sum = exponents.reduce((total, value) => total + value, 0);
  return exponents.map((value) => value / sum);
}

function indexOfLargest(values) {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}

function figures(labels, values) {
  return Object.fromEntries(labels.map((label, index) => [label, rounded(values[index], 6)]));
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}
