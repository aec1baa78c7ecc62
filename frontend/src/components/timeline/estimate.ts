/** How high an item probably is before it has been measured. A near guess keeps the scroll bar steady. Pure. */
import { heightOf } from "./file";
import type { Item } from "./items";

const LINE_PX = 22;
const CHARACTER_PX = 7.4;

export function estimatedHeight(item: Item | undefined, width: number): number {
  if (!item) return 60;
  const column = Math.min(width, 780) - 90;
  const perLine = Math.max(20, column / CHARACTER_PX);
  let height = item.isFirstOfGroup ? 34 : 6;
  if (item.day) height += 48;
  for (const { text, media, reply_to, reactions } of item.messages) {
    const lines = text
      .split("\n")
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0);
    height +=
      (text ? Math.min(lines, 18) * LINE_PX : 0) + (reply_to ? 46 : 0) + (reactions.length > 0 ? 34 : 0);
    height += media ? heightOf(media, column) : 0;
  }
  return height;
}
