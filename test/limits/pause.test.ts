import { describe, expect, it } from "vitest";
import { CallLimit, LimitSet, ResourceLimit } from "manyhands";
import { Recovery } from "../../dist/limits/recovery.js";
import { FakeClock, stateOf, turn } from "./fake-clock.js";

/** A set that would grant everything at once, and the times of its grants since it was made. */
function crowd(size: number): { clock: FakeClock; set: LimitSet; times: number[] } {
  const clock = new FakeClock();
  const set = new LimitSet([new ResourceLimit({ key: "slots", capacity: 1e6 })], { clock });
  const times: number[] = [];
  set.pause(1000);
  for (let index = 0; index < size; index += 1) void set.acquire().then(() => times.push(clock.elapsed));
  return { clock, set, times };
}

describe("LimitSet.pause", () => {
  it("grants nothing until it is over, whoever asks", async () => {
    const { clock, set, times } = crowd(1);
    expect(await set.tryAcquire()).toBeUndefined();
    await clock.advance(999);
    expect(times).toEqual([]);
    expect(set.stats()).toMatchObject({ pausedFor: 1, waiting: 1 });
    await clock.advance(1);
    expect(times).toEqual([1000]);
    expect(set.stats().pausedFor).toBe(0);
  });

  it("begins again gently: one, then two, then four", async () => {
    const { clock, set, times } = crowd(2000);
    await clock.advance(5000);
    expect(times.length).toBe(2000);
    expect(set.stats().waiting).toBe(0);
    const counts = [...new Set(times)].map((time) => times.filter((other) => other === time).length);
    for (const [step, count] of counts.slice(0, 10).entries()) expect(count).toBe(2 ** step);
    // After so many steps nothing holds them back any more.
    expect(counts.length).toBe(11);
    expect(await set.tryAcquire()).toBeDefined();
  });

  it("lasts as long as the longest of several pauses", async () => {
    const { clock, set, times } = crowd(1);
    set.pause(3000);
    set.pause(200);
    await clock.advance(2999);
    expect(times).toEqual([]);
    await clock.advance(1);
    expect(times).toEqual([3000]);
  });

  it("keeps threads out as long as it lasts, and no timer when nobody waits", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([new CallLimit({ capacity: 5, window: 1000 })], { clock });
    const { memory } = set.cores[0]!;
    set.pause(100);
    set.pause(300);
    expect(clock.pending).toBe(0);
    await clock.advance(299);
    expect(memory.hasWaiting).toBe(true);
    await clock.advance(1);
    expect(memory.hasWaiting).toBe(false);
  });

  it("keeps threads out by one timer, however often it is lengthened", async () => {
    const clock = new FakeClock();
    const set = new LimitSet([new CallLimit({ capacity: 5, window: 1000 })], { clock });
    const { memory } = set.cores[0]!;
    for (let ms = 1; ms <= 1000; ms += 1) set.pause(ms);
    expect(clock.timers).toBe(1);
    await clock.advance(999);
    expect(memory.hasWaiting).toBe(true);
    await clock.advance(1);
    expect(memory.hasWaiting).toBe(false);
    expect(clock.timers).toBe(0);
    // And again, for the next pause.
    set.pause(10);
    expect(memory.hasWaiting).toBe(true);
    await clock.advance(10);
    expect(memory.hasWaiting).toBe(false);
  });

  it("is left by abort and timeout as any wait", async () => {
    const { clock, set } = crowd(0);
    const controller = new AbortController();
    const aborted = set.acquire({}, { signal: controller.signal });
    const late = set.acquire({}, { timeout: 10 });
    late.catch(() => {});
    controller.abort();
    await expect(aborted).rejects.toThrow();
    await clock.advance(10);
    expect(await stateOf(late)).toBe("rejected");
    expect(set.stats()).toMatchObject({ waiting: 0, granted: 0 });
    expect(clock.pending).toBe(0);
  });

  it("refuses what is no duration", () => {
    const set = new LimitSet([]);
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => set.pause(bad)).toThrow(RangeError);
    set.pause(0);
    expect(set.stats().pausedFor).toBe(0);
  });

  it("holds the other sets of the same limits not back", async () => {
    const limit = new ResourceLimit({ key: "slots", capacity: 1 });
    const [paused, other] = [new LimitSet([limit]), new LimitSet([limit])];
    paused.pause(1000);
    const waiting = paused.acquire({}, { timeout: 5 });
    waiting.catch(() => {});
    await turn();
    (await other.acquire()).release();
    await expect(waiting).rejects.toThrow();
  });
});

describe("Recovery", () => {
  it("does not open wider by a step in which nobody asked", () => {
    const recovery = new Recovery();
    expect(recovery.pause(0, 100)).toBe(true);
    recovery.granted(100);
    // The first step is over, and many more go by.
    expect(recovery.waitFor(1000)).toBe(0);
    recovery.granted(1000);
    recovery.granted(1000);
    expect(recovery.mayGrant(1000)).toBe(false);
    expect(recovery.waitFor(1000)).toBeLessThanOrEqual(50);
  });

  it("says that a shorter pause changes nothing", () => {
    const recovery = new Recovery();
    recovery.pause(0, 100);
    expect(recovery.pause(50, 50)).toBe(false);
    expect(recovery.pause(50, 51)).toBe(true);
    expect(recovery.pausedFor(50)).toBe(51);
    expect(recovery.pausedFor(101)).toBe(0);
  });
});
