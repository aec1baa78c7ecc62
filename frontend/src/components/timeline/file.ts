/** The file of an attachment: where it is, how it is shown, and how much room that takes before it is there. Pure. */
import { kindOf, type Media, number, text, titleOf } from "./media";

export type FileState = "remote" | "stored" | "missing" | "not_included" | "too_large" | "unavailable";

export interface File {
  readonly state: FileState;
  /** Where it is served; null for what is not stored. */
  readonly address: string | null;
  readonly name: string | null;
  /** Bytes. */
  readonly size: number | null;
  readonly type: string | null;
}

export type Form = "image" | "video" | "sound" | "card";

/** CSS pixels. */
export interface Box {
  readonly width: number;
  readonly height: number;
}

const NOTES: Record<FileState, string | null> = {
  stored: null,
  remote: "File not downloaded",
  missing: "File missing from the import",
  not_included: "File not included in the export",
  too_large: "File left out of the export, being too large",
  unavailable: "File was unavailable when it was exported",
};

const IMAGES = /^image\/(jpeg|png|webp|gif|avif)$/;
const FORMS: Record<string, readonly Form[]> = {
  photo: ["image"],
  sticker: ["image", "video"],
  animation: ["image", "video"],
  video: ["video"],
  round_video: ["video"],
  audio: ["sound"],
  voice: ["sound"],
};

const CARD_PX = 64;
const NOTE_PX = 18;
const SOUND_PX = 104;
const MARGIN_PX = 8;
/** Longest side of what is shown. */
const LONGEST_PX: Record<string, number> = { sticker: 180, round_video: 240 };
const USUAL_LONGEST_PX = 420;
const NARROWEST_PX = 120;
/** What is longer or wider is shown whole in a box of this shape. */
const RATIOS = { min: 0.5, max: 3 };
const USUAL_RATIO = 4 / 3;

/** Return what the server says of an attachment's file; null when it has none. */
export function fileOf(media: Media): File | null {
  const given = media.file;
  if (typeof given !== "object" || given === null) return null;
  const facts = given as Media;
  const state = text(facts, "state");
  if (state === null || !(state in NOTES)) return null;
  const hash = text(facts, "sha256");
  const isServed = state === "stored" && hash !== null && /^[0-9a-f]{64}$/.test(hash);
  return {
    state: state as FileState,
    address: isServed ? `/api/media/${hash}` : null,
    name: text(facts, "name") ?? text(media, "file_name"),
    size: number(facts, "size"),
    type: text(facts, "mime_type") ?? text(media, "mime_type"),
  };
}

/** Say why a file cannot be had here; null when it can. */
export function noteOf(file: File | null): string | null {
  return file && NOTES[file.state];
}

/** Return how an attachment is shown: as itself when its file is here and a browser knows the type. */
export function formOf(media: Media, file: File | null): Form {
  const forms = FORMS[String(media.kind)];
  if (!forms || !file?.address) return "card";
  if (file.type === null) return forms[0] ?? "card";
  const own = forms.find((form) => isOf(form, file.type ?? ""));
  return own ?? "card";
}

/** What it is called by those who do not see it. */
export function wordsFor(media: Media, from: string | null): string {
  const label = media.kind === "sticker" ? titleOf(media) : kindOf(media.kind).label;
  return from ? `${label} from ${from}` : label;
}

/** The room for a picture or a video, which stays the same while it loads. */
export function boxOf(media: Media): Box {
  const [width, height] = [number(media, "width") ?? 0, number(media, "height") ?? 0];
  const isKnown = width > 0 && height > 0;
  const isSquare = media.kind === "round_video" || (media.kind === "sticker" && !isKnown);
  const ratio = isSquare ? 1 : isKnown ? clamped(width / height) : USUAL_RATIO;
  const longest = LONGEST_PX[String(media.kind)] ?? USUAL_LONGEST_PX;
  const natural = isKnown && !isSquare ? Math.min(width, height * ratio) : longest;
  const shown = Math.max(NARROWEST_PX, Math.min(natural, longest, longest * ratio));
  return { width: Math.round(shown), height: Math.round(shown / ratio) };
}

/** How high an attachment is in a column of this width, in CSS pixels. */
export function heightOf(media: Media, column: number): number {
  const file = fileOf(media);
  const form = formOf(media, file);
  if (form === "card") return CARD_PX + (noteOf(file) ? NOTE_PX : 0);
  if (form === "sound") return SOUND_PX;
  const { width, height } = boxOf(media);
  return Math.round((height * Math.min(width, column)) / width) + MARGIN_PX;
}

function isOf(form: Form, type: string): boolean {
  if (form === "image") return IMAGES.test(type);
  return type.startsWith(form === "sound" ? "audio/" : "video/");
}

function clamped(ratio: number): number {
  return Math.min(RATIOS.max, Math.max(RATIOS.min, ratio));
}
