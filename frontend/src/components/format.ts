/** Numbers, sizes and times as people read them, in the reader's own locale and zone. */

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const longDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const count = new Intl.NumberFormat(undefined);
const pace = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

const DAY_MS = 86_400_000;

export const formatTime = (date: string) => time.format(new Date(date));
export const formatMoment = (date: string) => moment.format(new Date(date));
export const formatCount = (value: number) => count.format(value);
export const formatCompact = (value: number) => compact.format(value);

/** The line above a day's messages: Today, Yesterday, a weekday with its date, or a date with its year. */
export function formatDay(date: Date, now = new Date()): string {
  if (date.toDateString() === now.toDateString()) return "Today";
  if (date.toDateString() === new Date(now.getTime() - DAY_MS).toDateString()) return "Yesterday";
  return date.getFullYear() === now.getFullYear() ? longDay.format(date) : longDate.format(date);
}

/** When a chat last moved, as short as it can be said. */
export function formatRecent(date: string, now = new Date()): string {
  const then = new Date(date);
  if (then.toDateString() === now.toDateString()) return time.format(then);
  if (now.getTime() - then.getTime() < 6 * DAY_MS) return weekday.format(then);
  return then.getFullYear() === now.getFullYear() ? shortDate.format(then) : longDate.format(then);
}

/** Says how many there are of something. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

export function formatSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** A pace in requests per second, or per minute where that reads better. */
export function formatPace(perSecond: number): string {
  return perSecond < 0.5 ? `${pace.format(perSecond * 60)}/min` : `${pace.format(perSecond)}/s`;
}
