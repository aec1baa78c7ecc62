/**
 * What changed between two texts, word by word: a longest common subsequence of their words. What stands between words
 * never counts as common on its own, or old and new words would interleave at every space. Pure.
 */

export interface Change {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

interface Token {
  readonly text: string;
  readonly isWord: boolean;
}

/** Where a stretch of words stands in both texts, as token indexes, the ends excluded. */
interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
  readonly characters: number;
}

/** With less of the shorter text in common than this, the two are told apart as wholes. */
const LEAST_COMMON = 1 / 3;

/** Knows words in every script, also in those that put no spaces between them, and never cuts an emoji. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

export function diff(before: string, after: string): Change[] {
  if (before === after) return before === "" ? [] : [{ kind: "same", text: before }];
  const a = tokens(before);
  const b = tokens(after);
  const matches = meaningful(runs(a, b), a, b);
  const common = matches.reduce((sum, { characters }) => sum + characters, 0);
  if (common < LEAST_COMMON * Math.min(lettersOf(a), lettersOf(b))) return replaced(before, after);
  return joined(changes(matches, a, b));
}

/** Whether nothing of the first text is in the second, so that each is best read for itself. */
export function isRewrite([first, second, ...others]: readonly Change[]): boolean {
  return first?.kind === "removed" && second?.kind === "added" && others.length === 0;
}

function replaced(before: string, after: string): Change[] {
  const wholes: Change[] = [
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ];
  return wholes.filter(({ text }) => text !== "");
}

function tokens(text: string): Token[] {
  return [...segmenter.segment(text)].map(({ segment, isWordLike }) => ({
    text: segment,
    isWord: isWordLike ?? false,
  }));
}

/** The words in common, those that follow one another in both texts as one match. */
function runs(a: readonly Token[], b: readonly Token[]): Match[] {
  const found: Match[] = [];
  for (const [i, j] of commonWords(a, b)) {
    const last = found.at(-1);
    const start = last && isContinued(last, i, j, a, b) ? last : { a: i, b: j };
    if (start === last) found.pop();
    const size = i - start.a + 1;
    found.push({ ...start, size, characters: lettersOf(a.slice(start.a, i + 1)) });
  }
  return found;
}

function isContinued(last: Match, i: number, j: number, a: readonly Token[], b: readonly Token[]): boolean {
  const between = textOf(a.slice(last.a + last.size, i));
  return i - last.a === j - last.b && between === textOf(b.slice(last.b + last.size, j));
}

/** Leaves out what is shorter than the changes on both its sides: a stray “the” only cuts them into pieces. */
function meaningful(matches: readonly Match[], a: readonly Token[], b: readonly Token[]): readonly Match[] {
  const stray = matches.findIndex(
    (match, index) =>
      match.characters <= changedBefore(matches, index, a, b) &&
      match.characters <= changedBefore(matches, index + 1, a, b),
  );
  return stray < 0 ? matches : meaningful(matches.toSpliced(stray, 1), a, b);
}

/** How many letters changed before a match, or after the last: in the text in which more did. */
function changedBefore(
  matches: readonly Match[],
  index: number,
  a: readonly Token[],
  b: readonly Token[],
): number {
  const last = matches[index - 1];
  const next = matches[index];
  const inA = a.slice(last ? last.a + last.size : 0, next?.a);
  const inB = b.slice(last ? last.b + last.size : 0, next?.b);
  return Math.max(lettersOf(inA), lettersOf(inB));
}

function changes(matches: readonly Match[], a: readonly Token[], b: readonly Token[]): Change[] {
  const found: Change[] = [];
  let i = 0;
  let j = 0;
  for (const match of matches) {
    found.push(...between(a.slice(i, match.a), b.slice(j, match.b)));
    found.push({ kind: "same", text: textOf(a.slice(match.a, match.a + match.size)) });
    i = match.a + match.size;
    j = match.b + match.size;
  }
  return [...found, ...between(a.slice(i), b.slice(j))];
}

/** One removal and one addition at most; the spaces and signs that both begin or end with stay the same. */
function between(a: readonly Token[], b: readonly Token[]): Change[] {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head]?.text === b[head]?.text) head += 1;
  let tail = 0;
  while (tail < shorter - head && a.at(-1 - tail)?.text === b.at(-1 - tail)?.text) tail += 1;
  return [
    { kind: "same", text: textOf(a.slice(0, head)) },
    { kind: "removed", text: textOf(a.slice(head, a.length - tail)) },
    { kind: "added", text: textOf(b.slice(head, b.length - tail)) },
    { kind: "same", text: textOf(a.slice(a.length - tail)) },
  ];
}

function joined(all: readonly Change[]): Change[] {
  const found: Change[] = [];
  for (const { kind, text } of all) {
    const last = found.at(-1);
    if (text === "") continue;
    if (last?.kind === kind) found[found.length - 1] = { kind, text: last.text + text };
    else found.push({ kind, text });
  }
  return found;
}

/** Index pairs of a longest common subsequence of the words. */
function commonWords(a: readonly Token[], b: readonly Token[]): [number, number][] {
  const inA = wordIndexes(a);
  const inB = wordIndexes(b);
  const isEqual = (i: number, j: number) => a[inA[i] ?? -1]?.text === b[inB[j] ?? -1]?.text;
  const lengths = commonLengths(inA.length, inB.length, isEqual);
  const width = inB.length + 1;
  const pairs: [number, number][] = [];
  let i = 0;
  let j = 0;
  while (i < inA.length && j < inB.length) {
    if (isEqual(i, j)) {
      pairs.push([inA[i] ?? 0, inB[j] ?? 0]);
      i += 1;
      j += 1;
    } else if (at(lengths, (i + 1) * width + j) >= at(lengths, i * width + j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

/** For each pair of suffixes the length of their longest common subsequence, row by row. */
function commonLengths(a: number, b: number, isEqual: (i: number, j: number) => boolean): Uint16Array {
  const width = b + 1;
  const lengths = new Uint16Array((a + 1) * width);
  for (let i = a - 1; i >= 0; i -= 1) {
    for (let j = b - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = isEqual(i, j)
        ? at(lengths, (i + 1) * width + j + 1) + 1
        : Math.max(at(lengths, (i + 1) * width + j), at(lengths, i * width + j + 1));
    }
  }
  return lengths;
}

function wordIndexes(list: readonly Token[]): number[] {
  return list.flatMap(({ isWord }, index) => (isWord ? [index] : []));
}

function textOf(list: readonly Token[]): string {
  return list.map(({ text }) => text).join("");
}

function lettersOf(list: readonly Token[]): number {
  return list.reduce((sum, { text, isWord }) => sum + (isWord ? text.length : 0), 0);
}

function at(lengths: Uint16Array, index: number): number {
  return lengths[index] ?? 0;
}
