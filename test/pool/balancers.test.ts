import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askBalancer, type Candidate, createPick, workerForKey } from "../../dist/pool/balancers.js";
import type { LoadBalancingName } from "../../dist/pool/options.js";

const NAMES: readonly LoadBalancingName[] = [
  "round-robin",
  "least-active",
  "least-total",
  "random",
  "shared-queue",
  "key",
];

function candidate(index: number, given: Partial<Candidate> = {}): Candidate {
  return { index, active: 0, total: 0, isOpen: true, isIdle: true, ...given };
}

function candidates(count: number, given: (index: number) => Partial<Candidate> = () => ({})): Candidate[] {
  return Array.from({ length: count }, (_, index) => candidate(index, given(index)));
}

const anyCandidates = fc
  .array(fc.record({ active: fc.nat(5), total: fc.nat(20), isOpen: fc.boolean() }), { minLength: 1, maxLength: 8 })
  .filter((workers) => workers.some(({ isOpen }) => isOpen))
  .map((workers) => workers.map((given, index) => candidate(index, given)));

afterEach(() => {
  vi.restoreAllMocks();
});

describe("createPick", () => {
  it.each(NAMES)("%s picks an open worker whenever there is one", (name) => {
    fc.assert(
      fc.property(fc.array(anyCandidates, { minLength: 1, maxLength: 20 }), (rounds) => {
        const pick = createPick(name);
        for (const workers of rounds) {
          const picked = pick(workers);
          expect(workers).toContain(picked);
          expect(picked.isOpen).toBe(true);
        }
      }),
    );
  });

  it.each(["round-robin", "key"] as const)("%s takes each in turn", (name) => {
    const pick = createPick(name);
    const workers = candidates(3);
    expect(Array.from({ length: 7 }, () => pick(workers).index)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it("round-robin passes over full workers and goes on behind the one it took", () => {
    const pick = createPick("round-robin");
    const full = candidates(4, (index) => ({ isOpen: index !== 1 }));
    expect(Array.from({ length: 4 }, () => pick(full).index)).toEqual([0, 2, 3, 0]);
    expect(pick(candidates(4)).index).toBe(1);
  });

  it("round-robin gives all workers the same number of calls", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (count, rounds) => {
        const pick = createPick("round-robin");
        const workers = candidates(count);
        const given = new Map<number, number>();
        for (let call = 0; call < count * rounds; call += 1) {
          const { index } = pick(workers);
          given.set(index, (given.get(index) ?? 0) + 1);
        }
        expect([...given.values()]).toEqual(Array.from({ length: count }, () => rounds));
      }),
    );
  });

  it("round-robin goes on when the number of workers changes", () => {
    const pick = createPick("round-robin");
    for (let call = 0; call < 4; call += 1) pick(candidates(5));
    expect(pick(candidates(2)).index).toBe(0);
    expect(pick(candidates(3)).index).toBe(1);
  });

  it("two pools take turns each on its own", () => {
    const [one, other] = [createPick("round-robin"), createPick("round-robin")];
    expect([one(candidates(3)).index, one(candidates(3)).index, other(candidates(3)).index]).toEqual([0, 1, 0]);
  });

  it.each(["least-active", "shared-queue"] as const)("%s picks the fewest unfinished, the first of several", (name) => {
    const pick = createPick(name);
    fc.assert(
      fc.property(anyCandidates, (workers) => {
        const open = workers.filter(({ isOpen }) => isOpen);
        const least = Math.min(...open.map(({ active }) => active));
        expect(pick(workers)).toBe(open.find(({ active }) => active === least));
      }),
    );
  });

  it("least-total picks the fewest calls so far, the first of several", () => {
    const pick = createPick("least-total");
    fc.assert(
      fc.property(anyCandidates, (workers) => {
        const open = workers.filter(({ isOpen }) => isOpen);
        const least = Math.min(...open.map(({ total }) => total));
        expect(pick(workers)).toBe(open.find(({ total }) => total === least));
      }),
    );
  });

  it("random maps the whole range of chance evenly onto the open workers", () => {
    const pick = createPick("random");
    const workers = candidates(5, (index) => ({ isOpen: index % 2 === 0 }));
    const chance = vi.spyOn(Math, "random");
    const picked = [0, 0.33, 0.34, 0.66, 0.67, 1 - Number.EPSILON].map((value) => {
      chance.mockReturnValueOnce(value);
      return pick(workers).index;
    });
    expect(picked).toEqual([0, 0, 2, 2, 4, 4]);
  });
});

describe("workerForKey", () => {
  const key = fc.string({ unit: "binary" });
  const count = fc.integer({ min: 1, max: 64 });

  it("names the same worker of the pool each time", () => {
    fc.assert(
      fc.property(key, count, (text, workers) => {
        const index = workerForKey(text, workers);
        expect(Number.isInteger(index)).toBe(true);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(workers);
        expect(workerForKey(text, workers)).toBe(index);
      }),
      { numRuns: 300 },
    );
  });

  it("moves a key, when a worker is added, to the new worker or not at all", () => {
    fc.assert(
      fc.property(key, count, (text, workers) => {
        const [before, after] = [workerForKey(text, workers), workerForKey(text, workers + 1)];
        expect([before, workers]).toContain(after);
      }),
      { numRuns: 500 },
    );
  });

  it("spreads keys evenly, and moves few of them", () => {
    const keys = Array.from({ length: 8000 }, (_, at) => `user-${at}`);
    const perWorker = new Map<number, number>();
    for (const text of keys) perWorker.set(workerForKey(text, 8), (perWorker.get(workerForKey(text, 8)) ?? 0) + 1);
    // 1,000 each; the standard deviation is 30.
    expect(perWorker.size).toBe(8);
    for (const calls of perWorker.values()) expect(Math.abs(calls - 1000)).toBeLessThan(150);
    const moved = keys.filter((text) => workerForKey(text, 8) !== workerForKey(text, 9)).length;
    expect(Math.abs(moved - 8000 / 9)).toBeLessThan(150);
  });

  it("never changes between versions: it decides which worker holds the state of a key", () => {
    // Computed with an implementation in Python of FNV-1a (64 bit) and of the code in the paper.
    const keys = ["", "a", "foobar", "Grüße"];
    expect(keys.map((text) => workerForKey(text, 1000))).toEqual([266, 163, 635, 946]);
  });
});

describe("askBalancer", () => {
  const call = { method: "embed", args: ["text"], key: "tenant" };
  const workers = [candidate(3), candidate(7)];

  it("shows the function the call and the workers, and returns the index it chose", () => {
    const balancer = vi.fn(() => 7);
    expect(askBalancer(balancer, call, workers)).toBe(7);
    expect(balancer).toHaveBeenCalledExactlyOnceWith(call, workers);
  });

  it.each([0, -1, 2, 3.5, Number.NaN, "3", undefined, null])("refuses %s, which is no index of a worker", (index) => {
    const balancer = (): number => index as number;
    expect(() => askBalancer(balancer, call, workers)).toThrow(
      new TypeError(
        "Cannot choose a worker for 'embed' as the loadBalancing function must return the index of one of 2 workers: " +
          `current value is ${inspect(index)}`,
      ),
    );
  });

  it("lets the function's own error through", () => {
    const error = new Error("no idea");
    const balancer = (): number => {
      throw error;
    };
    expect(() => askBalancer(balancer, call, workers)).toThrow(error);
  });
});
