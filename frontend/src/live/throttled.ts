/** Gathers calls and makes one of them at most once per interval. */

export interface Throttled<Item> {
  readonly call: (items: readonly Item[]) => void;
  readonly cancel: () => void;
}

/** The first call goes through at once; what comes within the interval goes through together at its end. */
export function throttled<Item>(
  intervalMs: number,
  perform: (items: readonly Item[]) => void,
): Throttled<Item> {
  let waiting: Item[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    timer = setTimeout(rest, intervalMs);
    perform(items);
  };
  return {
    call: (items) => {
      const isNew = (item: Item) => !waiting.some((other) => JSON.stringify(other) === JSON.stringify(item));
      for (const item of items) if (isNew(item)) waiting.push(item);
      if (timer === undefined) rest();
    },
    cancel: () => {
      clearTimeout(timer);
      waiting = [];
    },
  };
}
