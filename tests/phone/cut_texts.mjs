// Cuts texts with the tokenizer of the page. Reads {module, tokens, lowercase, matched, texts} from standard input and
// prints ids, first characters and ends of the tokens of each text, as JSON.

import fs from "node:fs";

const { module, tokens, lowercase, matched, texts } = JSON.parse(fs.readFileSync(0, "utf8"));
const { WordPiece } = await import(module);
const tokenizer = new WordPiece(tokens, lowercase, matched);
const found = texts.map((text) => {
  const { ids, starts, ends } = tokenizer.encode(text);
  return [ids, starts, ends];
});
fs.writeSync(1, JSON.stringify(found));
