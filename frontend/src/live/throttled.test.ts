import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { throttled } from "./throttled";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the first call goes through at once, later ones together and without repeats", () => {
  const perform = vi.fn();
  const { call } = throttled<string>(1_000, perform);
  call(["a"]);
  expect(perform).toHaveBeenLastCalledWith(["a"]);
  for (const item of ["b", "c", "b"]) call([item]);
  expect(perform).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(perform).toHaveBeenLastCalledWith(["b", "c"]);
  vi.advanceTimersByTime(5_000);
  expect(perform).toHaveBeenCalledTimes(2);
});
