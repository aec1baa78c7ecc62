/**
 * The newest live events, kept for a while. A page that was read before an event and arrives after it would undo the
 * event; whoever asks for a page marks the journal first and folds what came since into the answer.
 */
import type { LiveEvent } from "../queries/api";

const CAPACITY = 5_000;

export class Journal {
  #events: LiveEvent[] = [];
  #dropped = 0;

  constructor(readonly capacity = CAPACITY) {}

  /** The present end; pass it to `since`. */
  mark(): number {
    return this.#dropped + this.#events.length;
  }

  append(events: readonly LiveEvent[]): void {
    this.#events.push(...events);
    const surplus = this.#events.length - this.capacity;
    if (surplus <= 0) return;
    this.#events.splice(0, surplus);
    this.#dropped += surplus;
  }

  /** Forgets everything: whatever was asked for before this must be asked for again. */
  restart(): void {
    this.#dropped += this.#events.length + 1;
    this.#events = [];
  }

  /** Events after a mark, or null when some of them are no longer kept and the page must be asked for again. */
  since(mark: number): readonly LiveEvent[] | null {
    return mark < this.#dropped ? null : this.#events.slice(mark - this.#dropped);
  }
}

/** The page's one journal. */
export const journal = new Journal();
