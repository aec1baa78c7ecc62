import { expect, test } from "vitest";
import { type Change, diff, isRewrite } from "./diff";

/** A diff as text: [-removed-] and {+added+}. */
function written(changes: readonly Change[]): string {
  return changes
    .map(({ kind, text }) => (kind === "same" ? text : kind === "added" ? `{+${text}+}` : `[-${text}-]`))
    .join("");
}

function side(changes: readonly Change[], left: Change["kind"]): string {
  return changes
    .filter(({ kind }) => kind !== left)
    .map(({ text }) => text)
    .join("");
}

test("a changed word is told between the words that stay", () => {
  expect(written(diff("meet at nine tomorrow", "meet at ten tomorrow evening"))).toBe(
    "meet at [-nine-]{+ten+} tomorrow{+ evening+}",
  );
});

test("equal texts have no changes, and an empty one is all of them", () => {
  expect(diff("same", "same")).toEqual([{ kind: "same", text: "same" }]);
  expect(diff("", "new")).toEqual([{ kind: "added", text: "new" }]);
  expect(diff("old", "")).toEqual([{ kind: "removed", text: "old" }]);
  expect(diff("", "")).toEqual([]);
});

test("words that changed side by side are one removal and one addition", () => {
  expect(
    written(diff("On Saturday we need two more people", "On Saturday we found those three people")),
  ).toBe("On Saturday we [-need two more-]{+found those three+} people");
});

test("a text with little in common with the one before is shown whole", () => {
  const before = "We need two more people to help with the house";
  const after = "It rained all the day, so nobody has come";
  const changes = diff(before, after);
  expect(changes).toEqual([
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ]);
  expect(isRewrite(changes)).toBe(true);
  expect(isRewrite(diff("meet at nine", "meet at ten"))).toBe(false);
});

test("what is only added to a short text is no rewrite", () => {
  expect(written(diff("Sold out", "Sold out. Thank you all for coming, we will be back in the spring"))).toBe(
    "Sold out{+. Thank you all for coming, we will be back in the spring+}",
  );
});

test("a stray common word does not cut a change into pieces", () => {
  expect(
    written(diff("Supper is at the harbour kitchen tonight", "Supper is behind the blue warehouse tonight")),
  ).toBe("Supper is [-at the harbour kitchen-]{+behind the blue warehouse+} tonight");
});

test("Arabic words change as words", () => {
  expect(written(diff("نلتقي غدا في الساعة التاسعة", "نلتقي غدا في الساعة العاشرة"))).toBe(
    "نلتقي غدا في الساعة [-التاسعة-]{+العاشرة+}",
  );
});

test("a script without spaces is compared by its words", () => {
  const changes = diff("我们明天早上在港口见面", "我们明天晚上在港口见面");
  expect(isRewrite(changes)).toBe(false);
  expect(changes[0]?.kind).toBe("same");
  expect(changes.at(-1)?.kind).toBe("same");
});

test("an emoji is never cut into its parts", () => {
  expect(written(diff("Well done everybody 👩‍🚀", "Well done everybody 👩‍🚒"))).toBe(
    "Well done everybody [-👩‍🚀-]{+👩‍🚒+}",
  );
});

test("changed spaces and signs are changes", () => {
  expect(written(diff("one two", "one\ntwo"))).toBe("one[- -]{+\n+}two");
  expect(written(diff("Come at once", "Come at once!"))).toBe("Come at once{+!+}");
});

test("both texts can be read out of a diff, whatever they are", () => {
  const words = ["the", "day", "house,", "مرحبا", "10:30", "👍", "so\n", "港口"];
  for (let seed = 1; seed < 300; seed += 1) {
    const text = (step: number) =>
      Array.from(
        { length: (seed * step) % 11 },
        (_, n) => words[(seed * (n + step) + n * n) % words.length],
      ).join(" ");
    const [before, after] = [text(3), text(7)];
    const changes = diff(before, after);
    expect(side(changes, "added")).toBe(before);
    expect(side(changes, "removed")).toBe(after);
  }
});
