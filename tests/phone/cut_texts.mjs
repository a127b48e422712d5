// Cuts texts with the tokenizer of the page. Reads {module, tokens, lowercase, matched, client, texts} from standard input and
// prints ids, first characters and ends of the tokens of each text, as JSON.

import fs from "node:fs";

const { module, tokens, texts, ...settings } = JSON.parse(fs.readFileSync(0, "utf8"));
const { tokenizerOf } = await import(module);
const tokenizer = tokenizerOf(tokens, settings);
const found = texts.map((text) => {
  const { ids, starts, ends } = tokenizer.encode(text);
  return [ids, starts, ends];
});
fs.writeSync(1, JSON.stringify(found));
