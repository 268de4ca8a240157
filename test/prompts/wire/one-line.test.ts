import { describe, expect, it } from "vitest";
import { oneLine } from "../../../dist/prompts/wire/one-line.js";

describe("a server's words in a message", () => {
  it("hold no key, whether it looks like one or is the caller's", () => {
    expect(oneLine("Incorrect API key: sk-abc123def456", ["mine-and-only-mine"])).toBe("Incorrect API key: [key]");
    expect(oneLine("No such key:\n mine-and-only-mine", ["mine-and-only-mine"])).toBe("No such key: [key]");
  });

  it("are left as they are where the key is a placeholder", () => {
    expect(oneLine("Please check your plan, as none is left", ["k", "none", ""])).toBe(
      "Please check your plan, as none is left",
    );
  });
});
