/** Splits a search snippet at its markers. Pure. */

const START = "\uE000";
const END = "\uE001";

export interface Piece {
  readonly text: string;
  readonly isHit: boolean;
  readonly offset: number;
}

export function pieces(snippet: string): Piece[] {
  const found: Piece[] = [];
  let isHit = false;
  let start = 0;
  for (let index = 0; index <= snippet.length; index += 1) {
    const unit = snippet[index];
    if (unit !== START && unit !== END && unit !== undefined) continue;
    if (index > start) found.push({ text: snippet.slice(start, index), isHit, offset: start });
    isHit = unit === START;
    start = index + 1;
  }
  return found;
}
