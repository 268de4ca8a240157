import { describe, expect, it } from "vitest";
import { CallLimit, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { LateStarts } from "../../dist/limits/late-starts.js";
import { CORE } from "../../dist/limits/limit.js";
import { needOf } from "../../dist/limits/need.js";
import { FakeClock, turn } from "./fake-clock.js";

function calls(capacity: number): CallLimit {
  return new CallLimit({ capacity, window: 1000, guard: 0 });
}

describe("LateStarts", () => {
  it("counts what was taken in a turn from the end of that turn on", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([calls(2)], { clock });
    set.take([1], undefined);
    clock.jump(10);
    set.take([1], undefined);
    // The code that makes the requests goes on for so long before the first of them begins.
    clock.jump(100);
    await turn();
    clock.jump(890 + 109);
    expect(set.take([1], undefined)).toBeUndefined();
    clock.jump(1);
    expect(set.take([2], undefined)).toBeDefined();
  });

  it("does not let turns of several sets move what others have taken", async () => {
    const clock = new FakeClock();
    const limit = calls(100);
    const sets = [new LimitSet([limit], { clock }), new LimitSet([limit], { clock })];
    const late = sets.map((set) => new LateStarts(set.cores, clock));
    // Their turns overlap all the time, as those of two threads do.
    let granted = 0;
    for (let at = 0; at < 5000; at += 11) {
      const takenAt = clock.now();
      const grant = sets[(at / 11) % 2]!.take([1], undefined);
      if (grant) granted += 1;
      clock.jump(11);
      late[(at / 11) % 2]!.began(takenAt, clock.now() + 8, [1]);
      await turn();
    }
    // 91 in each second is less than 100.
    expect(granted).toBe(Math.ceil(5000 / 11));
  });

  it("moves what a worker elsewhere has begun, and leaves limits without times alone", async () => {
    const clock = new FakeClock();
    const slots = new ResourceLimit({ key: "slots", capacity: 5 });
    const bucket = new RateLimit({ key: "tokens", capacity: 10, window: 1000, algorithm: "gcra", burst: 5 });
    const set = new LimitSet([slots, bucket, calls(1)], { clock });
    const grant = set.take([1, 1, 1], undefined)!;
    await turn();
    clock.jump(200);
    grant.began(clock.now());
    grant.release();
    clock.jump(999);
    expect(set.take([1, 1, 1], undefined)).toBeUndefined();
    clock.jump(1);
    expect(set.take([1, 1, 1], undefined)).toBeDefined();
  });
});

describe("needOf", () => {
  const cores = [
    new ResourceLimit({ key: "slots", capacity: 5 }),
    new RateLimit({ key: "tokens", capacity: 9, window: 1 }),
  ];
  const limits = cores.map((limit) => limit[CORE]);

  it("makes a row of amounts, in the order of the limits", () => {
    expect(needOf(limits, { tokens: 9 })).toEqual([1, 9]);
    expect(needOf(limits, { tokens: 0, slots: 2.5 })).toEqual([2.5, 0]);
    expect(needOf([], { anything: 5 })).toEqual([]);
    expect(needOf([], undefined)).toEqual([]);
  });

  it("refuses what is missing, unknown, no amount or too much", () => {
    expect(() => needOf(limits, undefined)).toThrow(TypeError);
    expect(() => needOf(limits, { slots: 1 })).toThrow(TypeError);
    expect(() => needOf(limits, { tokens: 1, slot: 1 })).toThrow("did you mean 'slots'?");
    expect(() => needOf(limits, { tokens: 9.01 })).toThrow(RangeError);
    expect(() => needOf(limits, { tokens: Number.NaN })).toThrow(RangeError);
    expect(() => needOf(limits, { tokens: -1 })).toThrow(RangeError);
  });
});
