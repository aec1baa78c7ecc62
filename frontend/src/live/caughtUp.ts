/** Fetching beside a live stream: what is read before an event and arrives after it must not undo the event. */
import type { LiveEvent } from "../queries/api";
import { journal } from "./journal";

/** Fetches something and returns it with the events that arrived meanwhile, to be folded into it. */
export async function caughtUp<Data>(fetch: () => Promise<Data>): Promise<[Data, readonly LiveEvent[]]> {
  for (;;) {
    const mark = journal.mark();
    const data = await fetch();
    const missed = journal.since(mark);
    // More came than the journal keeps, or the stream began anew: only a fresh answer is whole.
    if (missed !== null) return [data, missed];
  }
}
