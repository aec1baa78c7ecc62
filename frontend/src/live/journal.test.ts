import { expect, test } from "vitest";
import { event, message } from "../testing/samples";
import { Journal } from "./journal";

test("what came after a mark can be read back", () => {
  const journal = new Journal(10);
  journal.append([event(1, message(1))]);
  const mark = journal.mark();
  journal.append([event(2, message(2)), event(3, message(3))]);
  expect(journal.since(mark)?.map(({ position }) => position)).toEqual(["1.2", "1.3"]);
});

test("a mark from before what is kept says so", () => {
  const journal = new Journal(2);
  const mark = journal.mark();
  journal.append([event(1, message(1)), event(2, message(2)), event(3, message(3))]);
  expect(journal.since(mark)).toBeNull();
  expect(journal.since(mark + 1)).toHaveLength(2);
});

test("after a restart every earlier mark asks for a fresh answer", () => {
  const journal = new Journal(10);
  const mark = journal.mark();
  journal.restart();
  expect(journal.since(mark)).toBeNull();
  expect(journal.since(journal.mark())).toEqual([]);
});
