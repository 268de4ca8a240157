import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askBalancer, type Balancer, type Candidate, createBalancer, workerForKey } from "../../dist/pool/balancers.js";
import type { LoadBalancingName } from "../../dist/pool/options.js";

const NAMES: readonly LoadBalancingName[] = [
  "round-robin",
  "least-active",
  "least-total",
  "random",
  "shared-queue",
  "key",
];

afterEach(() => {
  vi.restoreAllMocks();
});

/** A worker that a test fills and empties. */
class TestWorker implements Candidate {
  readonly index: number;
  active = 0;
  total = 0;
  isOpen = true;
  isIdle = true;

  constructor(index: number, given: Partial<Pick<Candidate, "active" | "total" | "isOpen">> = {}) {
    this.index = index;
    Object.assign(this, given);
  }
}

function balancerOf(name: LoadBalancingName, workers: readonly TestWorker[]): Balancer<TestWorker> {
  const balancer = createBalancer<TestWorker>(name);
  for (const worker of workers) balancer.changed(worker);
  return balancer;
}

function workersOf(count: number, given: (index: number) => Partial<TestWorker> = () => ({})): TestWorker[] {
  return Array.from({ length: count }, (_, index) => new TestWorker(index, given(index)));
}

const change = fc.record({
  which: fc.nat(99),
  kind: fc.constantFrom("load", "open", "close", "remove", "add"),
  active: fc.nat(5),
  total: fc.nat(20),
});

/** What each strategy must choose, told without cleverness. */
const MEANING: Partial<Record<LoadBalancingName, (open: readonly TestWorker[], last: number) => TestWorker>> = {
  "round-robin": (open, last) => open.find(({ index }) => index > last) ?? open[0]!,
  "least-active": (open) => open.reduce((best, one) => (one.active < best.active ? one : best)),
  "least-total": (open) => open.reduce((best, one) => (one.total < best.total ? one : best)),
};

describe("createBalancer", () => {
  it.each(NAMES)("%s chooses an open worker whenever there is one, by its rule, whatever happens to them", (name) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 }), fc.array(change, { maxLength: 60 }), (count, changes) => {
        let workers = workersOf(count, (index) => ({ active: index % 3, total: index % 5 }));
        const balancer = balancerOf(name, workers);
        let last = -1;
        for (const { which, kind, active, total } of changes) {
          const worker = workers[which % Math.max(1, workers.length)];
          if (kind === "add") {
            const taken = new Set(workers.map(({ index }) => index));
            const index = Array.from({ length: 200 }, (_, at) => at).find((at) => !taken.has(at))!;
            const added = new TestWorker(index, { active, total });
            workers = [...workers, added].toSorted((a, b) => a.index - b.index);
            balancer.changed(added);
          } else if (worker && kind === "remove") {
            workers = workers.filter((other) => other !== worker);
            balancer.removed(worker);
          } else if (worker) {
            if (kind === "load") Object.assign(worker, { active, total });
            else worker.isOpen = kind === "open";
            // One that takes no more need not say so.
            if (kind !== "close") balancer.changed(worker);
          }
          const open = workers.filter(({ isOpen }) => isOpen);
          const chosen = balancer.choose();
          if (open.length === 0) {
            expect(chosen).toBeUndefined();
            continue;
          }
          expect(open).toContain(chosen);
          const meaning = MEANING[name];
          if (meaning) expect(chosen).toBe(meaning(open, last));
          last = chosen!.index;
        }
      }),
      { numRuns: 150 },
    );
  });

  it.each(["round-robin", "key"] as const)("%s takes each in turn", (name) => {
    const balancer = balancerOf(name, workersOf(3));
    expect(Array.from({ length: 7 }, () => balancer.choose()!.index)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it("round-robin passes over full workers and goes on behind the one it took", () => {
    const workers = workersOf(4, (index) => ({ isOpen: index !== 1 }));
    const balancer = balancerOf("round-robin", workers);
    expect(Array.from({ length: 4 }, () => balancer.choose()!.index)).toEqual([0, 2, 3, 0]);
    workers[1]!.isOpen = true;
    balancer.changed(workers[1]!);
    expect(balancer.choose()!.index).toBe(1);
  });

  it("round-robin gives all workers the same number of calls", () => {
    for (const count of [1, 2, 31, 32, 33, 65]) {
      const balancer = balancerOf("round-robin", workersOf(count));
      const given = new Map<number, number>();
      for (let call = 0; call < count * 3; call += 1) {
        const { index } = balancer.choose()!;
        given.set(index, (given.get(index) ?? 0) + 1);
      }
      expect([...given.values()]).toEqual(Array.from({ length: count }, () => 3));
    }
  });

  it("two pools take turns each on its own", () => {
    const [one, other] = [balancerOf("round-robin", workersOf(3)), balancerOf("round-robin", workersOf(3))];
    expect([one.choose()!.index, one.choose()!.index, other.choose()!.index]).toEqual([0, 1, 0]);
  });

  it("random gives each open worker the same chance", () => {
    const balancer = balancerOf(
      "random",
      workersOf(5, (index) => ({ isOpen: index % 2 === 0 })),
    );
    // Drawn so often, those that are full have been found.
    for (let call = 0; call < 300; call += 1) balancer.choose();
    const chance = vi.spyOn(Math, "random");
    const picked = [0, 0.33, 0.34, 0.66, 0.67, 1 - Number.EPSILON].map((value) => {
      chance.mockReturnValueOnce(value);
      return balancer.choose()!.index;
    });
    expect(picked.slice(0, 2)).toEqual([picked[0], picked[0]]);
    expect(picked.slice(2, 4)).toEqual([picked[2], picked[2]]);
    expect(picked.slice(4)).toEqual([picked[4], picked[4]]);
    expect(new Set(picked)).toEqual(new Set([0, 2, 4]));
  });

  it.each(NAMES)("%s looks at few workers, however many there are", (name) => {
    let looks = 0;
    const workers = workersOf(1000);
    for (const worker of workers) {
      Object.defineProperty(worker, "isOpen", {
        get: () => {
          looks += 1;
          return worker.active === 0;
        },
      });
    }
    const balancer = balancerOf(name, workers);
    // One is free at a time, as where all are busy.
    for (const worker of workers) worker.active = 1;
    balancer.choose();
    looks = 0;
    for (let call = 0; call < 1000; call += 1) {
      const worker = workers[(call * 7) % 1000]!;
      worker.active = 0;
      balancer.changed(worker);
      expect(balancer.choose()).toBe(worker);
      worker.active = 1;
    }
    expect(looks).toBeLessThan(4000);
  });

  it.each(["round-robin", "least-active", "least-total", "random"] as const)(
    "%s chooses among those it is given",
    (name) => {
      const workers = workersOf(4, (index) => ({ active: 4 - index, total: index === 2 ? 0 : 7 }));
      const balancer = balancerOf(name, workers);
      expect([workers[2], workers[3]]).toContain(balancer.chooseAmong(workers.slice(2)));
    },
  );
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
  const workers = [new TestWorker(3), new TestWorker(7)];

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
