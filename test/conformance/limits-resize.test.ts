/** Limits that change while pools use them. */
import { CallLimit, LimitSet, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { MODES } from "./modes.js";

describe.each(MODES)("limits that are resized in mode %s", (mode) => {
  it("hold for what workers take, and for declared costs that wait", async () => {
    const connections = new ResourceLimit({ key: "connections", capacity: 1 });
    const calls = new CallLimit({ capacity: 2, window: 60_000 });
    const limits = new LimitSet([connections, calls]);
    const methods = { began: { cost: (weight: number) => ({ connections: weight }) } };
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits, methods }).init();
    expect(await pool.tryUse({ connections: 1 })).toBe(true);
    await expect(pool.tryUse({ connections: 3 })).rejects.toThrow(RangeError);
    connections.resize(3);
    expect(await pool.tryUse({ connections: 3 })).toBe(true);
    // Both calls of this minute are made.
    expect(await pool.tryUse({ connections: 1 })).toBe(false);
    const [large, small] = [pool.began(3), pool.began(1)];
    connections.resize(2);
    await expect(large).rejects.toThrow(RangeError);
    expect(pool.stats().calls).toMatchObject({ queued: 1, running: 0 });
    calls.resize(3);
    await small;
    calls.resize(100);
    expect(await pool.tryUse({ connections: 2 })).toBe(true);
    await expect(pool.tryUse({ connections: 3 })).rejects.toThrow(RangeError);
  });
});
