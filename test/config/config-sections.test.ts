import { describe, expect, it } from "vitest";
import { keepSections, type SectionName } from "../../dist/config/config-sections.js";

function refused(config: unknown): () => unknown {
  return () => keepSections(config as object, undefined);
}

describe("keepSections", () => {
  it("asks the check about each section that has options, and keeps what it was shown", () => {
    const asked: [SectionName, object][] = [];
    const kept = keepSections({ defaults: { a: 1 }, thread: {}, process: undefined }, (options, section) => {
      asked.push([section, options]);
    });
    expect(asked).toEqual([
      ["defaults", { a: 1 }],
      ["thread", {}],
    ]);
    expect(kept.defaults).toBe(asked[0]![1]);
    expect(Object.isFrozen(kept.defaults)).toBe(true);
    expect(Object.keys(kept)).toEqual(["defaults", "thread", "process"]);
  });

  it.each([
    [null, "Cannot configure pools as the configuration must be an object: current value is null"],
    [[], "Cannot configure pools as the configuration must be an object: current value is []"],
    [
      { treads: {} },
      "Cannot configure 'treads' as a section must be one of 'defaults', 'sync', 'async', 'thread', 'process', 'distributed': did you mean 'thread'?",
    ],
    [
      { maxWorkers: 4 },
      "Cannot configure 'maxWorkers' as a section must be one of 'defaults', 'sync', 'async', 'thread', 'process', 'distributed': options go inside a section",
    ],
    [{ thread: 4 }, "Cannot configure 'thread' as it must be an object of options: current value is 4"],
    [{ thread: null }, "Cannot configure 'thread' as it must be an object of options: current value is null"],
    [{ thread: [1] }, "Cannot configure 'thread' as it must be an object of options: current value is [ 1 ]"],
    [
      { thread: { mode: "thread" } },
      "Cannot set 'mode' in 'thread' as the mode chooses the section: set it in 'defaults'",
    ],
    [
      { defaults: { mode: "treads" } },
      "Cannot set 'mode' as it must be one of 'sync', 'async', 'thread', 'process', 'distributed': current value is 'treads', did you mean 'thread'?",
    ],
    [
      { defaults: { mode: "" } },
      "Cannot set 'mode' as it must be one of 'sync', 'async', 'thread', 'process', 'distributed': current value is ''",
    ],
    [
      { defaults: { mode: 5 } },
      "Cannot set 'mode' as it must be one of 'sync', 'async', 'thread', 'process', 'distributed': current value is 5",
    ],
  ])("refuses %j", (config, message) => {
    expect(refused(config)).toThrow(new TypeError(message));
  });

  it("takes an undefined mode in defaults", () => {
    expect(keepSections({ defaults: { mode: undefined } }, undefined)).toEqual({ defaults: { mode: undefined } });
  });
});
