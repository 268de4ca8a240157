/** What waiting again and again leaves behind with futures and promises that outlive it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { attend, subscribe, unsubscribe } from "../../dist/future/future.js";
import { isThenable, listen, outcomeOf, unlisten } from "../../dist/future/settlement.js";
import { KINDS, openFuture } from "./open-futures.js";

describe("listeners of a future", () => {
  it("can leave, also while others are told", () => {
    const { item, resolve } = openFuture<number>();
    const seen: string[] = [];
    const listeners = ["a", "b", "c"].map((name) => () => void seen.push(name));
    for (const listener of listeners) attend(item, listener);
    unsubscribe(item, listeners[1]!);
    unsubscribe(item, listeners[1]!);
    subscribe(item, () => unsubscribe(item, last));
    const last = (): void => void seen.push("last");
    attend(item, last);
    resolve(1);
    expect(seen).toEqual(["a", "c"]);
    attend(item, last);
    expect(seen).toEqual(["a", "c", "last"]);
  });

  it("are told but once, however often they came", () => {
    const { item, resolve } = openFuture<number>();
    let count = 0;
    const listener = (): void => void (count += 1);
    for (let time = 0; time < 3; time += 1) subscribe(item, listener);
    resolve(1);
    expect(count).toBe(1);
  });
});

describe.each(KINDS)("listening to %s", (_kind, open) => {
  it("tells those that have not left", async () => {
    const { item, resolve } = open<number>();
    const seen: string[] = [];
    const [stays, leaves] = [() => void seen.push("stays"), () => void seen.push("leaves")];
    for (const listener of [leaves, stays]) listen(item, listener, true);
    unlisten(item, leaves);
    expect(outcomeOf(item)).toBeUndefined();
    resolve(5);
    await item;
    expect(seen).toEqual(["stays"]);
    expect(outcomeOf(item)).toEqual({ status: "done", value: 5 });
    listen(item, leaves, true);
    expect(seen).toEqual(["stays", "leaves"]);
  });
});

describe("isThenable", () => {
  it.each([
    [Promise.resolve(), true],
    [openFuture().item, true],
    // oxlint-disable-next-line unicorn/no-thenable
    [{ then: 5 }, false],
    [null, false],
    ["then", false],
  ])("tells what is awaited: %s", (value, expected) => {
    expect(isThenable(value)).toBe(expected);
  });
});

it("a promise or future that outlives thousands of waits keeps nothing of them", async () => {
  // In a process of its own, as the heap of this one is not ours to measure.
  const program = `
    import { asCompleted, gather, wait } from "manyhands";
    import { Future } from ${JSON.stringify(new URL("../../dist/future/future.js", import.meta.url).href)};
    const longLived = [new Promise(() => {}), new Future({ id: "a", label: "A.a" })];
    const turn = async () => {
      await wait([...longLived, Promise.resolve()], { returnWhen: "first-completed" });
      await gather([...longLived, Promise.reject(0)]).catch(() => {});
      for await (const one of asCompleted([...longLived, 1])) break;
    };
    const used = () => (gc(), process.memoryUsage().heapUsed);
    for (let index = 0; index < 300; index += 1) await turn();
    const before = used();
    for (let index = 0; index < 2000; index += 1) await turn();
    console.log((used() - before) / 2000);`;
  const args = ["--expose-gc", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
  // A single handler of a promise takes more than a hundred bytes: there would be six of each wait.
  expect(Number(stdout)).toBeLessThan(50);
});
