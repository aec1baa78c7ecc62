import { expect, test } from "vitest";
import type { LiveEvent } from "../queries/api";
import { event, message } from "../testing/samples";
import { Place } from "./position";

const hello = (position: string): LiveEvent => ({ type: "hello", position });
const resync = (position: string): LiveEvent => ({ type: "resync", position });

test("the first hello starts the stream and makes what was fetched before it suspect", () => {
  const place = new Place();
  expect(place.take(hello("1.5"))).toBe("resync");
  expect(place.position).toBe("1.5");
});

test("a later hello never moves the place, or what lies between would be missed", () => {
  const place = new Place();
  place.take(hello("1.5"));
  expect(place.take(hello("1.9"))).toBe("skip");
  expect(place.position).toBe("1.5");
});

test("an event is applied once, however often it comes", () => {
  const place = new Place();
  place.take(hello("1.5"));
  expect(place.take(event(6, message(1)))).toBe("apply");
  expect(place.take(event(6, message(1)))).toBe("skip");
  expect(place.take(event(4, message(1)))).toBe("skip");
  expect(place.take(event(10, message(1)))).toBe("apply");
  expect(place.position).toBe("1.10");
});

test("a resync moves the place into the new epoch", () => {
  const place = new Place();
  place.take(hello("1.5"));
  expect(place.take(resync("2.3"))).toBe("resync");
  expect(place.take({ ...event(4, message(1)), position: "2.4" })).toBe("apply");
  expect(place.take({ ...event(4, message(1)), position: "2.4" })).toBe("skip");
});
