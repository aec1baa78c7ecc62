/** Initials on a colour that belongs to the id; pictures are not mirrored yet. */
import classes from "./Avatar.module.css";

/** The hue of a peer, the same everywhere it appears. */
export function hueOf(id: number): number {
  return (Math.abs(id) * 137.508) % 360;
}

export function Avatar({ id, name, size = 44 }: { id: number; name: string; size?: number }) {
  return (
    <span
      className={classes.avatar}
      aria-hidden="true"
      style={{ "--hue": hueOf(id), width: size, height: size, fontSize: size * 0.38 } as React.CSSProperties}
    >
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const [first = "?", second = ""] = words.map((word) => [...word][0] ?? "");
  return (first + second).toLocaleUpperCase();
}
