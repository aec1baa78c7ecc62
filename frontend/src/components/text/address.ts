/** Which addresses in a message may become links. */

const ALLOWED = new Set(["http:", "https:", "tg:", "mailto:"]);

/** Returns a safe address for a link, or null when the text must stay text. */
export function safeAddress(written: string): string | null {
  const trimmed = written.trim();
  const candidate =
    /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !isHostAndPort(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(candidate)) return null;
  const url = new URL(candidate);
  return ALLOWED.has(url.protocol) ? url.href : null;
}

function isHostAndPort(text: string): boolean {
  return /^[^/:]+\.[^/:]+:\d+(\/|$)/.test(text);
}
