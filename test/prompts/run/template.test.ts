import { expect, it } from "vitest";
import { compileTemplate } from "../../../dist/prompts/run/template.js";

it.each<[string, unknown, string]>([
  ["Translate: {text}!", { text: "hello" }, "Translate: hello!"],
  ["{{text}} and {text}", { text: "a" }, "a and a"],
  ["{{ text }}, { text }, {{text  }}", { text: "a" }, "a, a, a"],
  ["{user.name}, {tags}", { user: { name: "Ann" }, tags: ["x", 1] }, 'Ann, ["x",1]'],
  ["{a.b}", { "a.b": "whole", a: { b: "part" } }, "whole"],
  ["{First Name} {größe}", { "First Name": "Bo", größe: 2 }, "Bo 2"],
  ["{text}", "a line", "a line"],
  ["{text}", 7, "7"],
  ['Answer as {"a": {"b": 1}}: {x}', { x: "y" }, 'Answer as {"a": {"b": 1}}: y'],
  ["\\{text} {text}", { text: "$& $1" }, "{text} $& $1"],
  ["{{text} {text}}", { text: "a" }, "{a a}"],
  ["{x}", { x: null }, "null"],
])("fills %j from %j", (template, item, filled) => {
  expect(compileTemplate(template).fill(item)).toBe(filled);
});

it("names a field that is missing, and the nearest that there is", () => {
  const { fill, fields } = compileTemplate("{titel} {text.body}");
  expect(fields).toEqual(["titel", "text.body"]);
  expect(() => fill({ title: "a" })).toThrow(
    "Cannot fill in {titel} as the item has no such field: did you mean 'title'?",
  );
  expect(() => fill({ titel: "a", text: "b" })).toThrow("Cannot fill in {text.body} as the item has no such field");
  expect(() => compileTemplate("{toString}").fill({})).toThrow("it has none");
});
