import { Future } from "manyhands";
import { describe, expect, it } from "vitest";
import { type FutureSource, settle } from "../../dist/future/future.js";
import { findFutures, whenUnwrapped } from "../../dist/future/unwrap.js";

const source: FutureSource = {
  id: "pool:1",
  label: "Hasher.hash",
  isRunning: true,
  worker: undefined,
  attempts: 1,
  timings: { submittedAt: 0, waited: undefined, ran: undefined },
  progress: undefined,
  cancel: () => {},
  onProgress: () => {},
};

function pending(): Future<unknown> {
  return new Future<unknown>(source);
}

function done(value: unknown): Future<unknown> {
  const future = pending();
  settle(future, "done", value);
  return future;
}

interface Outcomes {
  readonly done: unknown[][];
  readonly failed: unknown[];
}

/** Begins to unwrap, and records each outcome that is told. */
function unwrapping(args: readonly unknown[]): Outcomes {
  const outcomes: Outcomes = { done: [], failed: [] };
  whenUnwrapped(
    args,
    findFutures(args)!,
    (unwrapped) => outcomes.done.push(unwrapped),
    (error) => outcomes.failed.push(error),
  );
  return outcomes;
}

function unwrapped(...args: unknown[]): unknown[] {
  const { done: all, failed } = unwrapping(args);
  expect(failed).toEqual([]);
  expect(all).toHaveLength(1);
  return all[0]!;
}

describe("findFutures", () => {
  it.each([
    ["no arguments", []],
    ["primitives", [1, "a", null, undefined, Symbol("s"), 2n]],
    ["containers without futures", [[1, [2]], { a: { b: 1 } }, new Map([[1, {}]]), new Set([[]])]],
    ["promises", [Promise.resolve(1)]],
  ])("finds none in %s", (_name, args) => {
    expect(findFutures(args)).toBeUndefined();
  });

  it("finds each once, at the top and nested in arrays, objects, Maps and Sets", () => {
    const futures = Array.from({ length: 7 }, pending);
    const [top, inArray, inObject, mapKey, mapValue, inSet, bare] = futures;
    const args = [
      top,
      [[[inArray, top]]],
      { a: { b: [{ c: inObject }] } },
      new Map<unknown, unknown>([[{ k: mapKey }, [mapValue]]]),
      new Set([[inSet], inSet]),
      Object.assign(Object.create(null) as object, { bare }),
    ];
    expect(findFutures(args)).toEqual(new Set(futures));
  });

  it("does not look into instances of classes, views, errors or functions", () => {
    class Box {
      readonly content = pending();
    }
    const fn = Object.assign((): void => {}, { content: pending() });
    const error = Object.assign(new Error("e"), { content: pending() });
    expect(findFutures([new Box(), fn, error, new Uint8Array(2), new Date()])).toBeUndefined();
  });

  it("ends in cycles, through every kind of container", () => {
    const future = pending();
    const list: unknown[] = [];
    const object: Record<string, unknown> = { list };
    const map = new Map<unknown, unknown>([[object, list]]);
    map.set(map, map);
    const set = new Set<unknown>([map, object]);
    set.add(set);
    list.push(list, object, set, future);
    object["self"] = object;
    for (const arg of [list, object, map, set]) expect(findFutures([arg])).toEqual(new Set([future]));
  });

  it("takes no longer for a part that is shared many times over", () => {
    let shared: unknown[] = [pending()];
    // 2 to the power of 60 paths lead to the future.
    for (let level = 0; level < 60; level += 1) shared = [shared, shared];
    expect(findFutures([shared])?.size).toBe(1);
  });

  it("passes over a getter that throws", () => {
    const future = pending();
    const hostile = {
      get broken(): never {
        throw new Error("not now");
      },
      future,
    };
    expect(findFutures([hostile])).toEqual(new Set([future]));
  });
});

describe("whenUnwrapped", () => {
  it("puts results in the place of futures", () => {
    expect(unwrapped(done(1), "two", [done(3), { four: done("4") }])).toEqual([1, "two", [3, { four: "4" }]]);
  });

  it("puts the same result in every place of a future", () => {
    const result = { n: 1 };
    const future = done(result);
    const [first, [second], { third }] = unwrapped(future, [future], { third: future }) as [
      object,
      [object],
      { third: object },
    ];
    expect([first, second, third].every((value) => value === result)).toBe(true);
  });

  it("unwraps keys and values of Maps and elements of Sets, in order", () => {
    const map = new Map<unknown, unknown>([
      [done("b"), 1],
      ["a", done(2)],
    ]);
    const [newMap, newSet] = unwrapped(map, new Set([done(3), 1, [done(2)]])) as [Map<unknown, unknown>, Set<unknown>];
    expect([...newMap]).toEqual([
      ["b", 1],
      ["a", 2],
    ]);
    expect([...newSet]).toEqual([3, 1, [2]]);
  });

  it("unwraps what is undefined, null or a container as it is", () => {
    const inner = [pending()];
    const [none, nil, list] = unwrapped([done(undefined)], [done(null)], done(inner)) as [
      unknown[],
      unknown[],
      unknown,
    ];
    expect(none).toEqual([undefined]);
    expect(none).toHaveLength(1);
    expect(nil).toEqual([null]);
    // The result of a call is a value: futures inside it are not looked for.
    expect(list).toBe(inner);
  });

  it("leaves the caller's containers as they are", () => {
    const future = done(1);
    const args = [
      [future],
      { a: future },
      new Map([[future, future]]),
      new Set([future]),
      Object.freeze({ f: [future] }),
    ];
    const before = [...args];
    const after = unwrapped(...args);
    expect(args).toEqual(before);
    const [list, object, map, set, frozen] = args as [
      unknown[],
      { a: unknown },
      Map<unknown, unknown>,
      Set<unknown>,
      { f: unknown[] },
    ];
    expect(list[0]).toBe(future);
    expect(object.a).toBe(future);
    expect([...map]).toEqual([[future, future]]);
    expect([...set]).toEqual([future]);
    expect(frozen.f[0]).toBe(future);
    for (const [at, arg] of args.entries()) expect(after[at]).not.toBe(arg);
  });

  it("passes containers that hold no future as they are, at the top and beside one", () => {
    const [top, beside, deep] = [[1], { a: 1 }, new Map([["a", [1]]])];
    const [sameTop, holder] = unwrapped(top, { future: done(1), beside, list: [deep] }) as [
      unknown,
      { beside: unknown; list: unknown[] },
    ];
    expect(sameTop).toBe(top);
    expect(holder.beside).toBe(beside);
    expect(holder.list[0]).toBe(deep);
  });

  it("keeps cycles and shared parts", () => {
    const shared = { future: done(1) };
    const cycle: Record<string, unknown> = { one: shared, other: [shared] };
    cycle["self"] = cycle;
    const [copy, alsoShared] = unwrapped(cycle, shared) as [
      { one: unknown; other: unknown[]; self: unknown },
      { future: unknown },
    ];
    expect(copy).not.toBe(cycle);
    expect(copy.self).toBe(copy);
    expect(copy.one).toEqual({ future: 1 });
    expect(copy.other[0]).toBe(copy.one);
    expect(alsoShared).toBe(copy.one);
  });

  it("keeps an object without prototype, and a key `__proto__` inert", () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { f: done(1) });
    const odd = JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, unknown>;
    odd["f"] = done(2);
    const [newBare, newOdd] = unwrapped(bare, odd) as [object, Record<string, unknown>];
    expect(Object.getPrototypeOf(newBare)).toBeNull();
    expect(Object.getPrototypeOf(newOdd)).toBe(Object.prototype);
    expect(Object.keys(newOdd)).toEqual(["__proto__", "f"]);
    expect(newOdd["polluted"]).toBeUndefined();
  });

  it("waits for all, and tells once", () => {
    const futures = [pending(), pending(), pending()];
    const outcomes = unwrapping([futures]);
    for (const [at, future] of futures.entries()) {
      expect(outcomes.done).toEqual([]);
      settle(future, "done", at);
    }
    expect(outcomes).toEqual({ done: [[[0, 1, 2]]], failed: [] });
  });

  it.each(["failed", "cancelled"] as const)("tells, once, the error of the first future that %s", (status) => {
    const [first, second, third] = [pending(), pending(), pending()];
    const outcomes = unwrapping([first, { second }, third]);
    const error = new Error("no luck");
    settle(second, status, error);
    expect(outcomes).toEqual({ done: [], failed: [error] });
    settle(first, "failed", new Error("later"));
    settle(third, "done", 1);
    expect(outcomes).toEqual({ done: [], failed: [error] });
  });

  it("tells at once what had failed before", () => {
    const failed = pending();
    const error = new Error("no luck");
    settle(failed, "failed", error);
    expect(unwrapping([pending(), failed])).toEqual({ done: [], failed: [error] });
  });

  it("does not fail those who settle a future when a getter beside it throws", () => {
    const future = pending();
    const hostile = {
      future,
      get broken(): never {
        throw new Error("not now");
      },
    };
    const outcomes = unwrapping([hostile]);
    expect(() => settle(future, "done", 1)).not.toThrow();
    expect(outcomes.done.length + outcomes.failed.length).toBe(1);
  });
});
