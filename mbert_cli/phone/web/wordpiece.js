/** BERT's tokenizer, and MediaPipe's: text to ids, and of each token the characters that it was made of. */

import { BLANK, CHINESE, CLIENT_APART, MARKS, PUNCTUATION, REMOVED } from "./characters.js";

/** Characters of the longest word that BERT cuts, and bytes of MediaPipe's longest; a longer one is [UNK]. */
const MAX_WORD = 100;

/** What touches a token that is matched as a single word: letters, accents, digits, underscores and joiners. */
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;

const isRemoved = membership(REMOVED);
const isBlank = membership(BLANK);
const isChinese = membership(CHINESE);
const isPunctuation = membership(PUNCTUATION);
const isMark = membership(MARKS);
const isClientApart = membership(CLIENT_APART);

/**
 * A text as words are cut from it. Offsets count code points of the text as it was given, as Python does.
 *
 * @typedef {{chars: string[], starts: number[], ends: number[]}} Piece
 * Characters, and where in the text each comes from.
 */

export class WordPiece {
  /**
   * @param {string[]} tokens In the order of their ids.
   * @param {boolean} lowercase Whether text is lower-cased and stripped of accents.
   * @param {object[]} matched Tokens that are matched before words are cut, as matched_tokens.json has them.
   */
  constructor(tokens, lowercase, matched = []) {
    const outside = new Set(matched.filter((token) => !token.is_word).map((token) => token.id));
    this.lowercase = lowercase;
    this.ids = new Map(tokens.map((token, id) => [token, id]).filter(([, id]) => !outside.has(id)));
    this.unknown = tokens.indexOf("[UNK]");
    this.cls = tokens.indexOf("[CLS]");
    this.sep = tokens.indexOf("[SEP]");
    this.continues = tokens.map((token, id) => token.startsWith("##") && !outside.has(id));
    const special = matched.filter((token) => token.special);
    this.splitsSpecial = special.length > 0 && special.every((token) => token.is_text);
    const used = matched.filter((token) => !token.is_text || (token.special && this.splitsSpecial));
    this.typed = patterns(used.filter((token) => !token.normalized), (content) => Array.from(content));
    this.folded = patterns(
      used.filter((token) => token.normalized),
      (content) => this.normalize(wholeText(content)).chars,
    );
  }

  /**
   * Cuts a text into tokens, without [CLS] and [SEP].
   *
   * @param {string} text
   * @returns {{ids: number[], starts: number[], ends: number[]}} Ids, and of each token its first character and the one
   *     after its last.
   */
  encode(text) {
    const points = Array.from(text);
    const found = { ids: [], starts: [], ends: [] };
    for (const part of this.split(wholeText(text), this.typed)) {
      if (part.id !== undefined) {
        addMatched(found, part, points);
        continue;
      }
      for (const inner of this.split(this.normalize(part), this.folded)) {
        if (inner.id !== undefined) {
          addMatched(found, inner, points);
        } else {
          words(inner, isBlank, isPunctuation).forEach((word) => this.addWord(found, word, word.chars.length <= MAX_WORD));
        }
      }
    }
    found.ends = found.ends.map((end) => this.skipVanishing(points, end));
    return found;
  }

  /** Text without control characters, with blanks around Chinese characters, and folded where case does not count. */
  normalize(piece) {
    const clean = { chars: [], starts: [], ends: [] };
    piece.chars.forEach((char, place) => {
      if (isRemoved(char)) return;
      const shown = isBlank(char) ? [" "] : isChinese(char) ? [" ", char, " "] : [char];
      shown.forEach((one) => add(clean, one, piece.starts[place], piece.ends[place]));
    });
    return this.lowercase ? fold(clean) : clean;
  }

  /** Parts of a piece: tokens that were matched, which have an id, and what is between them. */
  split(piece, { byFirst }) {
    if (!byFirst.size) return [piece];
    const parts = [];
    const { chars } = piece;
    let done = 0;
    let place = 0;
    while (place < chars.length) {
      const token = longest(byFirst.get(chars[place]), chars, place);
      if (!token) {
        place += 1;
        continue;
      }
      let [start, end] = [place, place + token.chars.length];
      place = end;
      if ((this.splitsSpecial && token.special) || (token.single_word && touches(chars, start, end))) continue;
      while (token.lstrip && start > done && isBlank(chars[start - 1])) start -= 1;
      while (token.rstrip && end < chars.length && isBlank(chars[end])) end += 1;
      if (done < start) parts.push(part(piece, done, start));
      parts.push({ ...part(piece, start, end), id: token.id });
      done = end;
      place = Math.max(place, end);
    }
    if (done < chars.length) parts.push(part(piece, done, chars.length));
    return parts;
  }

  /** The longest pieces that the vocabulary has, from the left; those within a word begin with ##. */
  addWord(found, { chars, starts, ends }, isShort) {
    const pieces = [];
    let start = 0;
    while (start < chars.length && isShort) {
      let end = chars.length;
      const token = () => (start ? "##" : "") + chars.slice(start, end).join("");
      while (end > start && !this.ids.has(token())) end -= 1;
      if (end === start) break;
      pieces.push([this.ids.get(token()), starts[start], ends[end - 1]]);
      start = end;
    }
    const whole = [[this.unknown, starts[0], ends[chars.length - 1]]];
    for (const [id, first, end] of start === chars.length ? pieces : whole) {
      found.ids.push(id);
      found.starts.push(first);
      found.ends.push(end);
    }
  }

  /** A token reaches over the characters behind it of which nothing is left. */
  skipVanishing(points, end) {
    let place = end;
    while (place < points.length && (isRemoved(points[place]) || (this.lowercase && isMark(points[place])))) place += 1;
    return place;
  }
}

/** Cuts texts as MediaPipe's clients do on phones, for models that were trained so. */
export class ClientWordPiece extends WordPiece {
  constructor(tokens, lowercase, matched = []) {
    super(tokens, lowercase, matched);
    this.ids = new Map(tokens.map((token, id) => [token, id]));
  }

  encode(text) {
    const found = { ids: [], starts: [], ends: [] };
    const read = wholeText(text.split("\0", 1)[0].replace(/[A-Z]/g, (letter) => letter.toLowerCase()));
    const isBlank = (char) => "\t\n\f\r ".includes(char);
    for (const word of words(read, isBlank, isClientApart)) {
      const bytes = new TextEncoder().encode(word.chars.join("")).length;
      this.addWord(found, word, bytes <= MAX_WORD);
    }
    return found;
  }
}

/** The tokenizer that a model was trained with. */
export function tokenizerOf(tokens, { lowercase, matched, client }) {
  return new (client === "mediapipe" ? ClientWordPiece : WordPiece)(tokens, lowercase, matched);
}

function wholeText(text) {
  const chars = Array.from(text);
  return { chars, starts: chars.map((_, place) => place), ends: chars.map((_, place) => place + 1) };
}

function part(piece, start, end) {
  return {
    chars: piece.chars.slice(start, end),
    starts: piece.starts.slice(start, end),
    ends: piece.ends.slice(start, end),
  };
}

function add(piece, char, start, end) {
  piece.chars.push(char);
  piece.starts.push(start);
  piece.ends.push(end);
}

/** Takes characters apart, drops accents, and lower-cases what is left. */
function fold(piece) {
  const folded = { chars: [], starts: [], ends: [] };
  for (const [first, end] of clusters(piece.chars)) {
    let owner = first - 1;
    for (const { char, isFirst } of takeApart(piece.chars.slice(first, end))) {
      if (isFirst) owner += 1;
      if (isMark(char)) continue;
      for (const lower of char.toLowerCase()) add(folded, lower, piece.starts[owner], piece.ends[owner]);
    }
  }
  return folded;
}

/** Where each letter begins and the marks behind it end; a mark that `tokenizers` does not know is a letter to it. */
function clusters(chars) {
  const isNew = (char) => /\p{Mn}/u.test(char) && !isMark(char);
  const found = [];
  for (let place = 0; place < chars.length; ) {
    const first = place;
    place += 1;
    while (place < chars.length && /\p{M}/u.test(chars[place]) && ![chars[first], chars[place]].some(isNew)) place += 1;
    found.push([first, place]);
  }
  return found;
}

/**
 * The parts of a letter and of its marks, which change places, and of each whether it is the first part of a character.
 * `tokenizers` counts those to tell which characters of a text something was made of.
 */
function takeApart(chars) {
  const parts = chars.flatMap((char) => Array.from(char.normalize("NFD"), (one, index) => ({ char: one, isFirst: !index })));
  if (chars.length === 1) return parts;
  const inOrder = Array.from(chars.join("").normalize("NFD"));
  return inOrder.map((char) => parts.splice(parts.findIndex((part) => part.char === char), 1)[0]);
}

/** Words of a piece: what stands between blanks, and some characters alone. */
function words(piece, isBlank, isApart) {
  const found = [];
  let start = 0;
  const close = (end) => {
    if (end > start) found.push(part(piece, start, end));
  };
  piece.chars.forEach((char, place) => {
    if (!isBlank(char) && !isApart(char)) return;
    close(place);
    start = place;
    if (!isBlank(char)) close(place + 1);
    start = place + 1;
  });
  close(piece.chars.length);
  return found;
}

/** A matched token reaches from its first character to its last, without white space that was matched beside them. */
function addMatched(found, { id, starts, ends }, points) {
  const isSpace = (place) => /[\t-\r\x1c-\x20\x85\p{Z}]/u.test(points[place]);
  let [first, end] = [starts[0], ends[ends.length - 1]];
  while (first < end - 1 && isSpace(first)) first += 1;
  while (end > first + 1 && isSpace(end - 1)) end -= 1;
  found.ids.push(id);
  found.starts.push(first);
  found.ends.push(end);
}

function touches(chars, start, end) {
  return WORD_AT_END.test(chars[start - 1] ?? "") || WORD_AT_START.test(chars[end] ?? "");
}

function patterns(tokens, normalize) {
  const byFirst = new Map();
  for (const token of tokens) {
    const chars = normalize(token.content);
    if (!chars.length) continue;
    byFirst.set(chars[0], [...(byFirst.get(chars[0]) ?? []), { ...token, chars }]);
  }
  for (const some of byFirst.values()) some.sort((one, other) => other.chars.length - one.chars.length);
  return { byFirst };
}

function longest(tokens = [], chars, place) {
  return tokens.find((token) => token.chars.every((char, index) => char === chars[place + index]));
}

/** Whether a character belongs to a class, found by halving its ranges. */
function membership(table) {
  const bounds = table.trim().split(/\s+/).map((entry) => entry.split("-").map((code) => parseInt(code, 16)));
  const [firsts, lasts] = [bounds.map(([first]) => first), bounds.map((range) => range[range.length - 1])];
  return (char) => {
    const code = char.codePointAt(0);
    let [low, high] = [0, firsts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lasts[middle] < code) low = middle + 1;
      else high = middle;
    }
    return low < firsts.length && firsts[low] <= code;
  };
}
