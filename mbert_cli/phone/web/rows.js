/** Token ids to the rows that a model reads: [CLS] text [SEP], or [CLS] first [SEP] second [SEP]. */

/**
 * One row of a model's inputs, without padding.
 *
 * @typedef {{ids: number[], segments: number[]}} Row
 */

/**
 * A row of one text or of two. What does not fit loses its end, of two texts the longer one first.
 *
 * @param {import("./wordpiece.js").WordPiece} tokenizer
 * @param {number[]} first
 * @param {number[] | null} second Null for a single text.
 * @param {number} length Tokens of a row, marks included.
 * @returns {Row & {isCut: boolean}}
 */
export function textRow(tokenizer, first, second, length) {
  const room = length - (second === null ? 2 : 3);
  const kept = Math.min(first.length, Math.max(room - (second ?? []).length, Math.floor((room + 1) / 2)));
  const rest = second === null ? null : second.slice(0, room - kept);
  const isCut = first.length + (second ?? []).length > room;
  return { ...join(tokenizer, first.slice(0, kept), rest), isCut };
}

/**
 * The rows of a question and a text: windows that overlap, each of which begins `stride` tokens after the one before.
 *
 * @returns {(Row & {firstColumn: number, firstToken: number, length: number, mayStart: boolean[]})[]}
 */
export function questionRows(tokenizer, question, text, { length, stride, questionLength }) {
  const asked = question.slice(0, questionLength);
  const room = length - asked.length - 3;
  const step = Math.min(room, stride);
  const count = 1 + Math.ceil(Math.max(text.length - room, 0) / step);
  const windows = Array.from({ length: count }, (_, index) => ({
    firstToken: index * step,
    length: Math.min(room, text.length - index * step),
  }));
  const holders = text.map((_, token) => mostContext(windows, token));
  return windows.map((window, index) => ({
    ...join(tokenizer, asked, text.slice(window.firstToken, window.firstToken + window.length)),
    ...window,
    firstColumn: asked.length + 2,
    mayStart: Array.from({ length: window.length }, (_, place) => holders[window.firstToken + place] === index),
  }));
}

/**
 * The rows of a text whose words are labelled, and for each word the row and column that speak of it: those of its first
 * token where it has the most context.
 *
 * @param {{ids: number[], starts: number[], ends: number[]}} text As the tokenizer gives it.
 * @returns {{rows: Row[], words: {start: number, end: number, row: number, column: number}[]}}
 */
export function wordRows(tokenizer, text, { length, stride }) {
  const count = text.ids.length;
  const room = length - 2;
  const step = Math.min(room, stride ?? Math.max(1, Math.floor(room / 2)));
  const last = Math.max(count - room, 0);
  const starts = Array.from({ length: 1 + Math.ceil(last / step) }, (_, index) => Math.min(index * step, last));
  const firstTokens = text.ids.flatMap((id, token) => (tokenizer.continues[id] ? [] : [token]));
  const words = firstTokens.map((first, index) => {
    const lastToken = (firstTokens[index + 1] ?? count) - 1;
    const row = roomiest(starts, room, count, first, lastToken);
    return { start: text.starts[first], end: text.ends[lastToken], row, column: first - starts[row] + 1 };
  });
  return { rows: starts.map((start) => join(tokenizer, text.ids.slice(start, start + room), null)), words };
}

function join(tokenizer, first, second) {
  const ids = [tokenizer.cls, ...first, tokenizer.sep];
  const segments = ids.map(() => 0);
  if (second !== null) {
    ids.push(...second, tokenizer.sep);
    segments.push(...second.map(() => 1), 1);
  }
  return { ids, segments };
}

/** The window in which a token of a text has the most context by the rule of BERT's code for SQuAD. */
function mostContext(windows, token) {
  let [best, most] = [-1, -1];
  windows.forEach(({ firstToken, length }, index) => {
    const left = token - firstToken;
    if (left < 0 || left >= length) return;
    const context = Math.min(left, length - 1 - left) + 0.01 * length;
    if (context > most) [best, most] = [index, context];
  });
  return best;
}

/** The window in which a word has the most context: the smaller of the tokens before it and after it. */
function roomiest(starts, room, count, first, last) {
  let [best, most] = [0, -Infinity];
  starts.forEach((start, index) => {
    const end = Math.min(start + room, count);
    if (first < start || first >= end) return;
    const context = Math.min(first - start, end - 1 - last);
    if (context > most) [best, most] = [index, context];
  });
  return best;
}
