/** Lengths of time in their largest unit and the one below. */

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });

export function formatSpan(seconds: number): string {
  let rest = Math.round(seconds);
  if (rest < 60) return `${short.format(seconds)} s`;
  const counts = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return { unit, count };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  return counts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ unit, count }) => `${count} ${unit}`)
    .join(" ");
}
