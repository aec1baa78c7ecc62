/** The classes of ids: in which order they are drawn, what they are called, and what they mean. */
import type { IdClasses } from "../../queries/api";
import { formatCount } from "../format";

export type IdClass = keyof IdClasses;

export const CLASSES: readonly {
  readonly name: IdClass;
  readonly label: string;
  readonly meaning: string;
}[] = [
  { name: "stored", label: "Stored", meaning: "The message is here" },
  { name: "deleted", label: "Deleted", meaning: "Known to be deleted; what had come is kept" },
  { name: "dead_letter", label: "Dead letter", meaning: "It came and could not be stored; a replay may" },
  { name: "empty", label: "Empty", meaning: "Asked for, and nothing is there" },
  { name: "unreachable", label: "Unreachable", meaning: "Nobody here may ask for it" },
  {
    name: "outside",
    label: "Outside",
    meaning: "Nobody asked: older than the chosen depth, or newer than Telegram has told",
  },
  { name: "open", label: "Open", meaning: "Owed; it will be asked for" },
  { name: "unaccounted", label: "Unaccounted", meaning: "In no class, which must not be" },
];

/** The classes that have ids, in the order in which they are drawn. */
export function present(ids: IdClasses): readonly (typeof CLASSES)[number][] {
  return CLASSES.filter(({ name }) => (ids[name] ?? 0) > 0);
}

/** A share as a percentage that says 100 of the whole alone. */
export function formatShare(share: number | null): string {
  if (share === null) return "–";
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(Math.floor(share * 10_000) / 100)} %`;
}

/** What the bar shows, in words. */
export function summary(ids: IdClasses): string {
  return present(ids)
    .map(({ name, label }) => `${label} ${formatCount(ids[name] ?? 0)}`)
    .join(", ");
}

/** A hole as people write a range. */
export function formatHole({ first_id, last_id }: { first_id: number; last_id: number | null }): string {
  if (last_id === null) return `${formatCount(first_id)} and above`;
  return first_id === last_id ? formatCount(first_id) : `${formatCount(first_id)}–${formatCount(last_id)}`;
}
