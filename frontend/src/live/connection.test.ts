import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LiveEvent, LiveText } from "../queries/api";
import { event, message } from "../testing/samples";
import { Connection, type ConnectionState, type Socket } from "./connection";

class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  isClosed = false;
  constructor(readonly url: string) {}
  close() {
    this.isClosed = true;
  }
  say(what: LiveText) {
    this.onmessage?.({ data: JSON.stringify(what) });
  }
}

const hello = (position: string): LiveEvent => ({ type: "hello", position });
let sockets: FakeSocket[] = [];
let states: ConnectionState["name"][] = [];
let taken: LiveEvent[] = [];
let resyncs = 0;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, states, taken, resyncs] = [[], [], [], 0];
  connection = new Connection({
    url: "ws://127.0.0.1/api/live",
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    onEvents: (events) => taken.push(...events),
    onResync: () => {
      resyncs += 1;
    },
    onState: ({ name }) => states.push(name),
    random: () => 0.5,
  });
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

function socket(index: number): FakeSocket {
  const found = sockets[index];
  if (!found) throw new Error(`There is no connection ${index}.`);
  return found;
}

test("a lost connection comes back from the last position", () => {
  socket(0).say(hello("1.5"));
  socket(0).say(event(6, message(1)));
  socket(0).onclose?.();
  vi.advanceTimersByTime(500);
  expect(socket(1).url).toBe("ws://127.0.0.1/api/live?after=1.6");
  socket(1).say(hello("1.6"));
  socket(1).say(event(6, message(1)));
  socket(1).say(event(7, message(2)));
  vi.advanceTimersByTime(100);
  expect(taken.map(({ position }) => position)).toEqual(["1.6", "1.7"]);
  expect(states).toEqual(["connecting", "live", "offline", "connecting", "live"]);
});

test("attempts become rarer, and frequent again after a success", () => {
  for (const delay of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
    const before = sockets.length;
    sockets.at(-1)?.onclose?.();
    vi.advanceTimersByTime(delay - 1);
    expect(sockets).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(before + 1);
  }
  sockets.at(-1)?.say(hello("1.5"));
  sockets.at(-1)?.onclose?.();
  vi.advanceTimersByTime(500);
  expect(sockets).toHaveLength(9);
});

test("silence beyond the heartbeat is a lost connection", () => {
  socket(0).say(hello("1.5"));
  vi.advanceTimersByTime(39_000);
  socket(0).say(hello("1.5"));
  vi.advanceTimersByTime(39_000);
  expect(states.at(-1)).toBe("live");
  vi.advanceTimersByTime(1_000);
  expect(socket(0).isClosed).toBe(true);
  expect(states.at(-1)).toBe("offline");
});

test("events of one burst are handed on together", () => {
  const onEvents = vi.fn();
  connection.stop();
  connection = new Connection({
    url: "ws://127.0.0.1/api/live",
    open: (url) => {
      sockets.push(new FakeSocket(url));
      return socket(sockets.length - 1);
    },
    onEvents,
    onResync: () => {},
    onState: () => {},
  });
  connection.start();
  const latest = socket(sockets.length - 1);
  latest.say(hello("1.0"));
  for (let n = 1; n <= 100; n += 1) latest.say(event(n, message(n)));
  vi.advanceTimersByTime(50);
  expect(onEvents).toHaveBeenCalledTimes(1);
  expect(onEvents.mock.calls[0]?.[0]).toHaveLength(100);
});

test("a resync asks for everything again and goes on behind it", () => {
  socket(0).say(hello("1.5"));
  expect(resyncs).toBe(1);
  socket(0).say({ type: "resync", position: "2.1" });
  expect(resyncs).toBe(2);
  socket(0).onclose?.();
  vi.advanceTimersByTime(500);
  expect(socket(1).url).toContain("after=2.1");
});

test("a stopped connection stays stopped", () => {
  connection.stop();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(socket(0).isClosed).toBe(true);
});

test("lateness is shown until it is over, and moves the place as little as it is applied", () => {
  socket(0).say(hello("1.5"));
  socket(0).say({ type: "delayed", since: "2026-03-01T12:00:00Z", reason: "database" });
  expect(states.at(-1)).toBe("delayed");
  socket(0).say(hello("1.5"));
  expect(states.at(-1)).toBe("delayed");
  socket(0).say({ type: "on_time" });
  expect(states.at(-1)).toBe("live");
  expect(taken).toEqual([]);
  expect(resyncs).toBe(1);
});
