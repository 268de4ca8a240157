import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallLimit, type Grant, LimitPool, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { FakeClock, stateOf, turn } from "./fake-clock.js";

interface Region {
  readonly region: string;
}

function sets(capacities: readonly number[], clock = new FakeClock()): LimitSet<Region>[] {
  return capacities.map(
    (capacity, index) =>
      new LimitSet([new ResourceLimit({ key: "slots", capacity })], { clock, config: { region: String(index) } }),
  );
}

async function regions(pool: LimitPool<Region>, count: number): Promise<string> {
  const all: string[] = [];
  for (let index = 0; index < count; index += 1) all.push((await pool.acquire()).config.region);
  return all.join("");
}

describe("LimitPool", () => {
  it.each([2, 3, 5])("of %i sets that share a limit grants each request once, and loses nothing", async (count) => {
    const files = new ResourceLimit({ key: "files", capacity: 3 });
    const pool = new LimitPool(Array.from({ length: count }, () => new LimitSet([files])));
    const inUse = (): number => pool.stats()[0]!.limits[0]!.inUse;
    const all = await pool.acquire({ files: 3 });
    const waiting = Array.from({ length: 7 }, () => pool.acquire());
    all.release();
    let most = 0;
    for (const next of waiting) {
      const grant = await next;
      most = Math.max(most, inUse());
      grant.release();
    }
    expect(most).toBe(3);
    expect(inUse()).toBe(0);
  });

  it("asks one set after the other, and passes over one that is full", async () => {
    const pool = new LimitPool(sets([2, 1, 4]));
    expect(await regions(pool, 7)).toBe("0120222");
    expect(pool.stats().map(({ limits: [limit] }) => limit!.inUse)).toEqual([2, 1, 4]);
    expect(await pool.tryAcquire()).toBeUndefined();
  });

  it("begins with another set for each worker", async () => {
    const pool = new LimitPool(sets([9, 9, 9]));
    expect(await regions(pool.at(0), 3)).toBe("012");
    expect(await regions(pool.at(1), 3)).toBe("120");
    expect(await regions(pool.at(5), 3)).toBe("201");
  });

  it("asks the least used first, by the limit of which the most is used", async () => {
    const clock = new FakeClock();
    const make = (region: string, slots: number): LimitSet<Region> =>
      new LimitSet(
        [
          new ResourceLimit({ key: "slots", capacity: slots }),
          new RateLimit({ key: "tokens", capacity: 100, window: 1000 }),
        ],
        { clock, config: { region } },
      );
    const pool = new LimitPool([make("small", 2), make("large", 10)], { loadBalancing: "least-used" });
    const ask = async (tokens: number): Promise<string> => (await pool.acquire({ tokens })).config.region;
    expect(await ask(10)).toBe("small");
    // 50 % of the slots against nothing, then against 90 % of the tokens.
    expect(await ask(90)).toBe("large");
    expect(await ask(10)).toBe("small");
  });

  it("asks any first, all as often, when that is left to chance", async () => {
    const pool = new LimitPool(sets([1e6, 1e6, 1e6]), { loadBalancing: "random" });
    const counts = new Map<string, number>();
    for (const region of await regions(pool, 3000)) counts.set(region, (counts.get(region) ?? 0) + 1);
    // Ten standard deviations.
    for (const region of ["0", "1", "2"]) expect(Math.abs(counts.get(region)! - 1000)).toBeLessThan(260);
  });

  it("waits in all sets, and is granted by the first that can, once", async () => {
    const all = sets([1, 1, 1]);
    const pool = new LimitPool(all);
    const held = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    const waiting = [pool.acquire(), pool.acquire()];
    await turn();
    expect(all.map((set) => set.stats().waiting)).toEqual([2, 2, 2]);
    held[1]!.release();
    expect((await waiting[0]!).config.region).toBe("1");
    held[2]!.release();
    expect((await waiting[1]!).config.region).toBe("2");
    expect(all.map((set) => set.stats().waiting)).toEqual([0, 0, 0]);
    expect(all.map((set) => set.stats().granted)).toEqual([1, 2, 2]);
  });

  it("is not held up by a set that is paused", async () => {
    const all = sets([5, 5]);
    const pool = new LimitPool(all);
    all[0]!.pause(1000);
    expect(await regions(pool, 5)).toBe("11111");
    expect(await stateOf(pool.acquire())).toBe("pending");
  });

  it("pauses all sets when it is paused itself, and all learn", async () => {
    const all = sets([5, 5]);
    const pool = new LimitPool(all);
    pool.pause(500);
    expect(all.map((set) => set.stats().pausedFor)).toEqual([500, 500]);
    pool.learn({ "retry-after": "2" });
    expect(all.map((set) => set.stats().pausedFor)).toEqual([2000, 2000]);
  });

  it("leaves all queues at once on abort and by timeout, at no cost", async () => {
    const clock = new FakeClock();
    const all = sets([1, 1], clock);
    const pool = new LimitPool(all);
    const held = [await pool.acquire(), await pool.acquire()];
    const controller = new AbortController();
    const aborted = pool.acquire({}, { signal: controller.signal });
    const late = pool.acquire({}, { timeout: 100 });
    late.catch(() => {});
    await turn();
    controller.abort();
    await expect(aborted).rejects.toThrow();
    await clock.advance(100);
    await expect(late).rejects.toMatchObject({ name: "TimeoutError" });
    expect(all.map((set) => set.stats().waiting)).toEqual([0, 0]);
    for (const grant of held) grant.release();
    expect(all.map((set) => set.stats().limits[0]!.inUse)).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  it("asks only sets that can ever serve a request, and refuses what none can", async () => {
    const pool = new LimitPool(sets([1, 5]));
    expect((await pool.acquire({ slots: 3 })).config.region).toBe("1");
    await expect(pool.acquire({ slots: 6 })).rejects.toThrow(RangeError);
    await expect(pool.acquire({ slot: 1 })).rejects.toThrow(TypeError);
    await expect(pool.acquire({}, { timeout: -1 })).rejects.toThrow(RangeError);
  });

  it("refuses options that are not valid", () => {
    expect(() => new LimitPool([])).toThrow(RangeError);
    expect(() => new LimitPool([new CallLimit({ capacity: 1, window: 1 }) as unknown as LimitSet])).toThrow(
      "Cannot make a limit pool as it takes limit sets",
    );
    expect(() => new LimitPool(sets([1]), { loadBalancing: "any" as "random" })).toThrow(
      new TypeError(
        "Cannot set 'loadBalancing' as it must be one of 'round-robin', 'random', 'least-used': current value is 'any'",
      ),
    );
  });

  it("loses no grant and doubles none, whatever comes in which order", async () => {
    const step = fc.tuple(fc.constantFrom("acquire", "acquire", "release", "abort", "turn", "direct"), fc.nat());
    const capacities = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(capacities, fc.array(step, { maxLength: 80, size: "max" }), async (sizes, steps) => {
        const all = sets(sizes);
        const pool = new LimitPool(all, { loadBalancing: steps.length % 2 === 0 ? "round-robin" : "least-used" });
        const held: Grant<Region>[] = [];
        const controllers: AbortController[] = [];
        let [asked, granted, refused] = [0, 0, 0];
        for (const [kind, which] of steps) {
          if (kind === "acquire" || kind === "direct") {
            const controller = new AbortController();
            controllers.push(controller);
            asked += 1;
            // Others use one of the sets by itself.
            const source = kind === "direct" ? all[which % all.length]! : pool;
            source.acquire({}, { signal: controller.signal }).then(
              (grant) => {
                granted += 1;
                held.push(grant);
              },
              () => (refused += 1),
            );
          } else if (kind === "release") {
            held.splice(which % Math.max(1, held.length), 1)[0]?.release();
          } else if (kind === "abort") {
            controllers[which % Math.max(1, controllers.length)]?.abort();
          } else {
            await turn();
            for (const [index, set] of all.entries()) {
              const here = held.filter(({ config }) => config.region === String(index)).length;
              expect(set.stats().limits[0]!.inUse).toBe(here);
              expect(here).toBeLessThanOrEqual(sizes[index]!);
            }
          }
        }
        for (let round = 0; granted + refused < asked; round += 1) {
          expect(round).toBeLessThan(200);
          for (const grant of held.splice(0)) grant.release();
          await turn();
        }
        for (const grant of held.splice(0)) grant.release();
        expect(all.map((set) => [set.stats().waiting, set.stats().limits[0]!.inUse])).toEqual(sizes.map(() => [0, 0]));
        expect(all.reduce((sum, set) => sum + set.stats().granted, 0)).toBe(granted);
      }),
      { numRuns: 150 },
    );
  });
});
