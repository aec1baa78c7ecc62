/** What changed between two texts, word by word: a longest common subsequence. Pure. */

export interface Change {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

export function diff(before: string, after: string): Change[] {
  const a = words(before);
  const b = words(after);
  const lengths = commonLengths(a, b);
  const width = b.length + 1;
  const changes: { kind: Change["kind"]; text: string }[] = [];
  const push = (kind: Change["kind"], text: string) => {
    const last = changes.at(-1);
    if (last?.kind === kind) last.text += text;
    else changes.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      push("same", left);
      i += 1;
      j += 1;
    } else if (
      left !== undefined &&
      (right === undefined || at(lengths, (i + 1) * width + j) >= at(lengths, i * width + j + 1))
    ) {
      push("removed", left);
      i += 1;
    } else if (right !== undefined) {
      push("added", right);
      j += 1;
    }
  }
  return changes;
}

function words(text: string): string[] {
  return text.match(/\s+|[^\s]+/g) ?? [];
}

/** For each pair of suffixes the length of their longest common subsequence, row by row. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? at(lengths, (i + 1) * width + j + 1) + 1
          : Math.max(at(lengths, (i + 1) * width + j), at(lengths, i * width + j + 1));
    }
  }
  return lengths;
}

function at(lengths: Uint16Array, index: number): number {
  return lengths[index] ?? 0;
}
