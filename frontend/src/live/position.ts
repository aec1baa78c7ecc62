/** Keeps the place in the live stream, so that a reconnection neither misses nor repeats anything. */
import type { LiveEvent } from "../queries/api";

/**
 * What to do with an event: `apply` it, `skip` what came before or carries nothing, or `resync`, which means that
 * everything on the page may be stale.
 */
export type Verdict = "apply" | "skip" | "resync";

export class Place {
  #position: string | null = null;

  /** The newest position that was taken in; what to pass as `after` on the next connection. */
  get position(): string | null {
    return this.#position;
  }

  take(event: LiveEvent): Verdict {
    if (event.type === "resync") return this.#restart(event.position);
    // A hello without an earlier place starts the stream; what was fetched before it may lack something.
    if (event.type === "hello") return this.#position === null ? this.#restart(event.position) : "skip";
    if (this.#position !== null && isRepeated(event.position, this.#position)) return "skip";
    this.#position = event.position;
    return "apply";
  }

  #restart(position: string): Verdict {
    this.#position = position;
    return "resync";
  }
}

function isRepeated(position: string, seen: string): boolean {
  const [epoch, n] = parse(position);
  const [seenEpoch, seenN] = parse(seen);
  return epoch === seenEpoch && n <= seenN;
}

function parse(position: string): [string, number] {
  const dot = position.indexOf(".");
  return [position.slice(0, dot), Number(position.slice(dot + 1))];
}
