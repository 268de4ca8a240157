import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LARGEST_PAYLOAD } from "../../dist/distributed/line/party.js";
import { record, scene } from "./line-traffic.js";

describe("a line", () => {
  it("brings records to a peer, in order, and says their positions", async () => {
    await using stage = scene();
    const a = await stage.listen("a");
    const b = await stage.listen("b");
    expect(a.say("b", "1")).toBe(1);
    expect(a.say("b", "2")).toBe(2);
    await b.until(() => b.heard.get("a")?.length === 2);
    expect(a.say("b", "3")).toBe(3);
    b.say("a", "answer");
    await Promise.all([b.until(() => b.heard.get("a")?.length === 3), a.until(() => a.heard.has("b"))]);
    expect(b.heard.get("a")).toEqual(["1", "2", "3"]);
    expect(a.heard.get("b")).toEqual(["answer"]);
    expect(a.party.unsent + b.party.unsent).toBe(0);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });
});
