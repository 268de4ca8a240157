import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairRoom, type FairWaiter } from "../../dist/waiting/fair-room.js";
import { type Waiter, WaitingRoom } from "../../dist/waiting/waiting-room.js";

let made = 0;

function waiter(flow: string, rank = 0): FairWaiter {
  return { flow, rank, sequence: ++made, waitsIn: undefined };
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}

/** What the room must equal: lists, sorted anew each time. */
class Model {
  flows: { readonly name: string; waiters: FairWaiter[] }[] = [];

  add(item: FairWaiter): void {
    const flow = this.flows.find(({ name }) => name === item.flow);
    if (flow) flow.waiters.push(item);
    else this.flows.push({ name: item.flow, waiters: [item] });
    for (const { waiters } of this.flows) waiters.sort((a, b) => a.rank - b.rank || a.sequence - b.sequence);
  }

  remove(item: FairWaiter, isServed: boolean): void {
    const flow = this.flows.find(({ name }) => name === item.flow)!;
    flow.waiters = flow.waiters.filter((other) => other !== item);
    const others = this.flows.filter((other) => other !== flow);
    if (flow.waiters.length === 0) this.flows = others;
    else if (isServed) this.flows = [...others, flow];
  }

  firsts(): FairWaiter[] {
    return this.flows.map(({ waiters }) => waiters[0]!);
  }
}

describe("FairRoom", () => {
  it("shows the first of each flow in the order of their turns, as lists do, and none twice or that has left", () => {
    const step = fc.tuple(fc.constantFrom("add", "add", "leave", "serve", "serveAny"), fc.nat(3), fc.nat(4));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
        const room = new FairRoom<FairWaiter>();
        const model = new Model();
        for (const [kind, flow, rank] of steps) {
          const present = model.flows.flatMap(({ waiters }) => waiters);
          const any = present[(flow * 7 + rank) % Math.max(1, present.length)];
          if (kind === "add") {
            const item = waiter(`flow ${flow}`, rank);
            room.add(item);
            model.add(item);
          } else if (kind === "leave" && any) {
            room.delete(any);
            model.remove(any, false);
          } else if (kind === "serve" && any) {
            const next = first(room.upcoming())!;
            room.serve(next);
            model.remove(next, true);
          } else if (any) {
            room.serve(any);
            model.remove(any, true);
          }
          const upcoming = [...room.upcoming()];
          expect(upcoming.slice(0, model.flows.length)).toEqual(model.firsts());
          expect(new Set(upcoming).size).toBe(upcoming.length);
          const rest = upcoming.slice(model.flows.length);
          expect(rest.every((item) => model.flows[0]!.waiters.includes(item))).toBe(true);
          expect(room.size).toBe(model.flows.reduce((sum, { waiters }) => sum + waiters.length, 0));
          expect(room.isEmpty).toBe(model.flows.length === 0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("serves a flow of two between those of a flow of a thousand", () => {
    const room = new FairRoom<FairWaiter>();
    for (let index = 0; index < 1000; index += 1) room.add(waiter("large"));
    for (let index = 0; index < 2; index += 1) room.add(waiter("small"));
    const served: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const next = first(room.upcoming())!;
      room.serve(next);
      served.push(next.flow);
    }
    expect(served).toEqual(["large", "small", "large", "small", "large", "large"]);
  });

  it("shows all that came in order in the flow whose turn it is, after the first of each", () => {
    const room = new FairRoom<FairWaiter>();
    const a = [1, 2, 3].map((rank) => waiter("a", rank));
    const b = [1, 2].map((rank) => waiter("b", rank));
    for (const item of [...a, ...b]) room.add(item);
    expect([...room.upcoming()]).toEqual([a[0], b[0], a[1], a[2]]);
  });

  it("does nothing for one that is not there", () => {
    const room = new FairRoom<FairWaiter>();
    const there = waiter("a");
    room.add(there);
    room.delete(waiter("a"));
    room.delete(waiter("b"));
    expect([...room.upcoming()]).toEqual([there]);
    expect(room.size).toBe(1);
  });
});

describe("WaitingRoom.upcoming", () => {
  let reads = 0;

  /** Counts how often the room looks at it. */
  class Counted implements Waiter {
    readonly rank = 0;
    readonly sequence = ++made;
    #room: Waiter["waitsIn"];

    get waitsIn(): Waiter["waitsIn"] {
      reads += 1;
      return this.#room;
    }

    set waitsIn(room: Waiter["waitsIn"]) {
      this.#room = room;
    }
  }

  it("gives the one whose turn it is, then the live ones of the line", () => {
    const room = new WaitingRoom<FairWaiter>();
    const line = [1, 2, 3, 4].map((rank) => waiter("", rank));
    for (const item of line) room.add(item);
    room.delete(line[1]!);
    const urgent = waiter("", -1);
    room.add(urgent);
    expect([...room.upcoming()]).toEqual([urgent, line[0], line[2], line[3]]);
    expect(room.takeAll()).toEqual([urgent, line[0], line[2], line[3]]);
    expect([...room.upcoming()]).toEqual([]);
  });

  it("does not look again and again at thousands that have left behind one that waits", () => {
    const room = new WaitingRoom<Counted>();
    const all = Array.from({ length: 4000 }, () => new Counted());
    for (const item of all) room.add(item);
    for (const item of all.slice(1, 2000)) room.delete(item);
    reads = 0;
    for (let look = 0; look < 1000; look += 1) {
      const seen: Counted[] = [];
      for (const item of room.upcoming()) if (seen.push(item) === 3) break;
      expect(seen).toEqual([all[0], all[2000], all[2001]]);
    }
    // Each that has left once or twice, and a handful in each look.
    expect(reads).toBeLessThan(2 * 2000 + 1000 * 20);
    expect(room.takeAll()).toEqual([all[0], ...all.slice(2000)]);
  });

  it("keeps no more of those that have left than of those that wait", async () => {
    const room = new WaitingRoom<FairWaiter>();
    const stays = waiter("", -1);
    room.add(stays);
    const gone: WeakRef<FairWaiter>[] = [];
    for (let index = 0; index < 2000; index += 1) {
      // Some come out of order: these are kept in another place.
      const item = waiter("", index % 2 === 0 ? index : index - 100);
      gone.push(new WeakRef(item));
      room.add(item);
      room.delete(item);
    }
    await collectGarbage();
    expect(gone.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(200);
    expect([...room.upcoming()]).toEqual([stays]);
  });

  async function collectGarbage(): Promise<void> {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    // References made in this turn keep their objects until it ends.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    collect();
  }
});
