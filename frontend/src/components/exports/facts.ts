/** What is said of an export and its format in a few words. */
import type { Export, ExportRequest } from "../../queries/api";
import { formatCount } from "../format";
import { SEARCH_KINDS } from "../timeline/media";

type Format = ExportRequest["format"];

export const FORMATS: readonly { value: Format; label: string; hint: string }[] = [
  {
    value: "jsonl",
    label: "JSON Lines",
    hint: "One JSON object per message, with everything that is known of it.",
  },
  { value: "csv", label: "CSV", hint: "Tables for spreadsheets and statistics." },
  { value: "parquet", label: "Parquet", hint: "Typed columns for DuckDB, pandas, Polars and Spark." },
  {
    value: "telegram",
    label: "Telegram Desktop JSON",
    hint: "For programs that read Telegram's own exports.",
  },
  {
    value: "html",
    label: "Web pages",
    hint: "An archive with media that opens in any browser, without a server.",
  },
];

export const EXPORT_KINDS = [...SEARCH_KINDS, { value: "service", label: "Service messages" }];

/** Formats that hold the files of messages. */
export const holdsMedia = (format: Format) => format === "telegram" || format === "html";

export const labelOf = (format: Format) => FORMATS.find(({ value }) => value === format)?.label ?? format;

/** Which chats: their names, or how many there are. */
export function chatsOf(
  ids: readonly number[] | null | undefined,
  titles: ReadonlyMap<number, string>,
): string {
  if (!ids) return "All chats";
  const names = ids.map((id) => titles.get(id) ?? `Chat ${id}`);
  return names.length <= 3
    ? names.join(", ")
    : `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const EDITED = { true: "edited only", false: "without edited ones" } as const;
const DELETED = { true: "deleted only", false: "without deleted ones" } as const;

/** What was left out and what was added, each in a few words. */
export function limitsOf(request: ExportRequest): string[] {
  const { since, until, sender_id, topic_id, kind, is_edited, is_deleted, words } = request.filter ?? {};
  const media = holdsMedia(request.format) && request.with_media === false;
  return [
    since && `from ${day.format(new Date(since))}`,
    // The end is not included, so the day before it is the last.
    until && `until ${day.format(new Date(Date.parse(until) - 1))}`,
    sender_id && `by sender ${sender_id}`,
    topic_id && `topic ${topic_id}`,
    kind && (EXPORT_KINDS.find(({ value }) => value === kind)?.label ?? kind).toLowerCase(),
    typeof is_edited === "boolean" && EDITED[`${is_edited}`],
    typeof is_deleted === "boolean" && DELETED[`${is_deleted}`],
    words && `“${words}”`,
    request.with_revisions && "with earlier texts",
    request.with_observations && "with samples of counters",
    media && "without files",
  ].filter((part): part is string => typeof part === "string" && part !== "");
}

/** How far it is, between 0 and 1; null before that is known. */
export function shareOf({ state, done, total }: Export): number | null {
  if (state !== "running" || total === null) return null;
  return total === 0 ? 1 : Math.min(1, done / total);
}

export function progressOf(found: Export): string {
  if (found.state === "queued") return "Waiting for the worker";
  if (found.total === null) return "Counting messages";
  if (found.done >= found.total) return "Packing";
  return `${formatCount(found.done)} of ${formatCount(found.total)} messages`;
}
