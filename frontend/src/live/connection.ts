/** The live stream's WebSocket: connects, reconnects with backoff, goes on from the last place. */
import type { LiveEvent, LiveText } from "../queries/api";
import { Place } from "./position";

export type ConnectionState =
  | { readonly name: "connecting" }
  | { readonly name: "live" }
  | {
      readonly name: "delayed";
      readonly since: string;
      readonly reason: "database" | "crawler" | "catching_up";
    }
  | { readonly name: "offline"; readonly retryAt: number };

/** The part of a WebSocket that is used here. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

interface Options {
  readonly url: string;
  readonly open: (url: string) => Socket;
  readonly onEvents: (events: readonly LiveEvent[]) => void;
  readonly onResync: () => void;
  readonly onState: (state: ConnectionState) => void;
  readonly random?: () => number;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** Events are handed on together after this long, so that a burst costs one render. */
const FLUSH_MS = 40;
/** The server says hello every 15 s when it has nothing else to say; a longer silence is a dead connection. */
const SILENCE_MS = 40_000;

export class Connection {
  readonly #options: Options;
  readonly #place = new Place();
  #socket: Socket | null = null;
  #failures = 0;
  #pending: LiveEvent[] = [];
  #flush: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isLive = false;

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    this.#options.onState({ name: "connecting" });
    const socket = this.#options.open(this.#address());
    this.#socket = socket;
    this.#listenFor(socket);
    socket.onmessage = ({ data }) => {
      this.#listenFor(socket);
      this.#receive(JSON.parse(String(data)) as LiveText);
    };
    socket.onclose = () => this.#lost(socket);
  }

  stop(): void {
    const socket = this.#socket;
    this.#forget();
    socket?.close();
    clearTimeout(this.#retry);
    clearTimeout(this.#flush);
  }

  #address(): string {
    const position = this.#place.position;
    return position === null
      ? this.#options.url
      : `${this.#options.url}?after=${encodeURIComponent(position)}`;
  }

  #receive(event: LiveText): void {
    if (!this.#isLive) {
      this.#isLive = true;
      this.#failures = 0;
      this.#options.onState({ name: "live" });
    }
    if (event.type === "delayed") {
      this.#options.onState({ name: "delayed", since: event.since, reason: event.reason });
      return;
    }
    if (event.type === "on_time") {
      this.#options.onState({ name: "live" });
      return;
    }
    const verdict = this.#place.take(event);
    if (verdict === "resync") {
      this.#pending = [];
      this.#options.onResync();
    }
    if (verdict === "apply") this.#enqueue(event);
  }

  #listenFor(socket: Socket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(socket), SILENCE_MS);
  }

  #enqueue(event: LiveEvent): void {
    this.#pending.push(event);
    if (this.#pending.length > 1) return;
    this.#flush = setTimeout(() => {
      const events = this.#pending;
      this.#pending = [];
      if (events.length > 0) this.#options.onEvents(events);
    }, FLUSH_MS);
  }

  #lost(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#forget();
    socket.close();
    const jitter = 0.75 + (this.#options.random ?? Math.random)() / 2;
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures) * jitter;
    this.#failures += 1;
    this.#options.onState({ name: "offline", retryAt: Date.now() + delay });
    this.#retry = setTimeout(() => this.start(), delay);
  }

  #forget(): void {
    clearTimeout(this.#silence);
    this.#isLive = false;
    if (this.#socket) this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket = null;
  }
}
