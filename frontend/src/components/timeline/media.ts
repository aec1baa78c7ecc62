/** Says what an attachment is, from its stored description. */
import { formatDuration, formatSize } from "../format";
import type { IconName } from "../ui/Icon";

export type Media = Record<string, unknown>;

interface Kind {
  readonly label: string;
  readonly icon: IconName;
}

const UNKNOWN: Kind = { label: "Attachment", icon: "file" };
const KINDS: Record<string, Kind> = {
  photo: { label: "Photo", icon: "photo" },
  video: { label: "Video", icon: "video" },
  round_video: { label: "Video message", icon: "video" },
  animation: { label: "GIF", icon: "video" },
  audio: { label: "Audio", icon: "music" },
  voice: { label: "Voice message", icon: "mic" },
  document: { label: "File", icon: "file" },
  sticker: { label: "Sticker", icon: "sticker" },
  web_page: { label: "Link", icon: "link" },
  poll: { label: "Poll", icon: "poll" },
  contact: { label: "Contact", icon: "person" },
  geo: { label: "Location", icon: "place" },
  geo_live: { label: "Live location", icon: "place" },
  venue: { label: "Place", icon: "place" },
  dice: { label: "Dice", icon: "sticker" },
  game: { label: "Game", icon: "sticker" },
  invoice: { label: "Invoice", icon: "file" },
  story: { label: "Story", icon: "photo" },
  giveaway: { label: "Giveaway", icon: "sticker" },
  giveaway_results: { label: "Giveaway results", icon: "sticker" },
  paid_media: { label: "Paid media", icon: "photo" },
  todo: { label: "Checklist", icon: "poll" },
  unsupported: { label: "Unsupported attachment", icon: "file" },
};

export function kindOf(kind: unknown): Kind {
  return KINDS[String(kind)] ?? UNKNOWN;
}

/** What search can filter by: the groups first, then single kinds of attachments. */
export const SEARCH_KINDS = [
  { value: "text", label: "Text only" },
  { value: "media", label: "Any attachment" },
  ...["photo", "video", "audio", "voice", "document", "poll", "web_page"].map((kind) => ({
    value: kind,
    label: kindOf(kind).label,
  })),
];

export function text(media: Media, key: string): string | null {
  const value = media[key];
  return typeof value === "string" && value !== "" ? value : null;
}

export function number(media: Media, key: string): number | null {
  const value = media[key];
  return typeof value === "number" ? value : null;
}

/** What to call it: its own name when it has one. */
export function titleOf(media: Media): string {
  // A contact may carry a card, whose file name says less than the person's.
  const person = [text(media, "first_name"), text(media, "last_name")].filter(Boolean).join(" ");
  const own = text(media, "title") || person || text(media, "file_name");
  const emoji = text(media, "emoji");
  const label = kindOf(media.kind).label;
  return own || (emoji ? `${label} ${emoji}` : label);
}

/** Duration, dimensions and size, as far as they are known. */
export function detailsOf(media: Media): string {
  const duration = number(media, "duration");
  const size = number(media, "size");
  const [width, height] = [number(media, "width"), number(media, "height")];
  const [latitude, longitude] = [number(media, "latitude"), number(media, "longitude")];
  const details = [
    titleOf(media) === kindOf(media.kind).label ? null : kindOf(media.kind).label,
    text(media, "performer"),
    text(media, "address"),
    duration === null ? null : formatDuration(duration),
    width && height ? `${width} × ${height}` : null,
    size === null ? null : formatSize(size),
    latitude === null || longitude === null ? null : `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`,
    number(media, "value") === null ? null : String(number(media, "value")),
    number(media, "ttl_seconds") === null ? null : "self-destructing",
  ];
  return details.filter((detail) => detail !== null).join(" · ");
}
