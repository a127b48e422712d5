/** The page: text boxes, what the model says about them, and how long it takes. */

import * as answers from "./answers.js";
import { Model } from "./model.js";
import { questionRows, textRow, wordRows } from "./rows.js";
import { tokenizerOf } from "./wordpiece.js";
import { bars, fields, markedText, plain, result, showTimes, showTokens } from "./view.js";

const TIMED_RUNS = 100;

const byId = (id) => document.getElementById(id);
const [settings, tokens] = await Promise.all([load("settings.json"), load("vocabulary.json")]);
const tokenizer = tokenizerOf(tokens, settings);
const boxes = fields(byId("fields"), settings.fields);
let model;
let lastRow;

/**
 * What the model says, in the records that `mbert predict --jsonl` writes.
 *
 * @param {string} first The text, or the question.
 * @param {string | null} second The second text of a pair, or what the question is about.
 */
export async function ask(first, second = null) {
  return KINDS[settings.kind].ask(first, second);
}

/** What a kind of task asks the model, and how its record is shown. */
const KINDS = {
  classification: {
    ask: async (first, second) => answers.oneLabel(settings.labels, await outputOf(first, second)),
    show: ({ label, probabilities }) => [result(label), bars(probabilities, [label])],
  },
  multi_label: {
    ask: async (first, second) => answers.severalLabels(settings.labels, await outputOf(first, second), settings.threshold),
    show: ({ labels, probabilities }) => [result(labels.join(", ") || "(no label)"), bars(probabilities, labels)],
  },
  regression: {
    ask: async (first, second) => answers.numbers(settings.labels, await outputOf(first, second)),
    show: (record) => Object.entries(record).map(([name, value]) => result(`${name}: ${value.toFixed(4)}`)),
  },
  embedding: { ask: askVectors, show: showVectors },
  question_answering: { ask: askQuestion, show: showAnswer },
  token_classification: {
    ask: askWords,
    show: ({ pieces }, [text]) => [
      markedText(text, pieces.map(({ start, end, label, probability }) => ({ start, end, label, probability }))),
      ...(pieces.length ? [] : [result("(nothing found)")]),
    ],
  },
};

async function outputOf(first, second) {
  const row = textRow(tokenizer, tokenizer.encode(first).ids, second === null ? null : tokenizer.encode(second).ids, model.length);
  byId("note").textContent = row.isCut ? `The text is longer than ${model.length} tokens and loses its end.` : "";
  const outputs = await run(row);
  return outputs[settings.outputs[0]];
}

async function askVectors(first, second) {
  const vector = Array.from(await outputOf(first, null));
  const written = (values) => values.map((value) => Number(value.toFixed(7)));
  if (second === null) return { embedding: written(vector) };
  const other = Array.from(await outputOf(second, null));
  const cosine = Number(answers.cosine(vector, other).toFixed(7));
  return { cosine, embedding: written(vector), second_embedding: written(other) };
}

function showVectors({ cosine, embedding }) {
  const begin = embedding.slice(0, 8).map((value) => value.toFixed(4)).join(", ");
  const first = plain(`${embedding.length} numbers: ${begin}${embedding.length > 8 ? ", ..." : ""}`);
  return cosine === undefined ? [first] : [result(`cosine ${cosine.toFixed(4)}`), first];
}

async function askQuestion(question, text) {
  const found = tokenizer.encode(text);
  const windows = questionRows(tokenizer, tokenizer.encode(question).ids, found.ids, {
    length: model.length,
    stride: settings.stride,
    questionLength: settings.questionLength,
  });
  const logits = [];
  for (const window of windows) {
    const outputs = await run(window);
    logits.push({ starts: outputs[settings.outputs[0]], ends: outputs[settings.outputs[1]] });
  }
  byId("note").textContent = windows.length > 1 ? `The text is read in ${windows.length} windows that overlap.` : "";
  return answers.spans(text, windows, logits, found, settings);
}

function showAnswer({ answer, candidates }, [, text]) {
  const [best] = candidates;
  const end = answer ? best.start + Array.from(best.text).length : 0;
  const shares = Object.fromEntries(candidates.slice(0, 5).map((one) => [one.text, one.probability]));
  return [
    result(answer || "(no answer)"),
    markedText(text, answer ? [{ start: best.start, end }] : []),
    bars(shares, answer ? [answer] : []),
  ];
}

async function askWords(text) {
  const { rows, words } = wordRows(tokenizer, tokenizer.encode(text), { length: model.length, stride: settings.stride });
  const outputs = [];
  for (const row of rows) outputs.push((await run(row))[settings.outputs[0]]);
  byId("note").textContent = rows.length > 1 ? `The text is read in ${rows.length} windows that overlap.` : "";
  const count = settings.labels.length;
  const probabilities = words.map(({ row, column }) => outputs[row].slice(column * count, (column + 1) * count));
  return { pieces: answers.pieces(text, words, probabilities, settings.labels, settings.chunks) };
}

async function run(row) {
  lastRow = row;
  return model.run(row);
}

async function show(event) {
  event?.preventDefault();
  const texts = boxes.map((box) => box.value.trim());
  if (!texts.some(Boolean)) {
    byId("note").textContent = "Write a text first.";
    return;
  }
  const second = boxes.length < 2 || (settings.isSecondOptional && !texts[1]) ? null : texts[1];
  await busy(async () => {
    const record = await ask(texts[0], second);
    byId("answer").replaceChildren(...KINDS[settings.kind].show(record, texts));
    byId("answer").hidden = byId("read").hidden = false;
    showTokens(byId("tokens"), lastRow, tokens);
  });
}

async function time() {
  await show();
  if (!lastRow) return;
  await busy(async () => {
    const { times, length } = await model.time(lastRow, TIMED_RUNS, (done) => say(`Run ${done} of ${TIMED_RUNS}`));
    say("");
    showTimes(byId("times"), times, lastRow.ids.length, length);
  });
}

/** Does some work with the buttons off, and says what goes wrong. */
async function busy(work) {
  const buttons = [byId("run"), byId("time")];
  buttons.forEach((button) => (button.disabled = true));
  try {
    await work();
  } catch (error) {
    say(error.message, true);
    console.error(error);
  }
  buttons.forEach((button) => (button.disabled = !model)); // without a model there is nothing to ask
}

function say(sentence, isWrong = false) {
  byId("state").textContent = sentence;
  byId("state").className = isWrong ? "wrong" : "";
}

async function load(file) {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} is missing. Copy the whole folder of this page.`);
  return response.json();
}

byId("ask").addEventListener("submit", show);
byId("time").addEventListener("click", time);
await busy(async () => {
  model = await Model.open(settings, "model.tflite");
  say("");
});
document.documentElement.dataset.ready = String(Boolean(model));
