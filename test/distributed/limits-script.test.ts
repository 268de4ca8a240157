/** The script of shared limits, with the time as the tests say, and holders that are only names. */
import fc from "fast-check";
import { CallLimit, type Limit, RateLimit, ResourceLimit } from "manyhands";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { resolveBroker } from "../../dist/config/broker.js";
import type { Granted, StepAnswer, StepAsks } from "../../dist/distributed/limits/answers.js";
import { Definition } from "../../dist/distributed/limits/definition.js";
import { stepScript } from "../../dist/distributed/limits/script/step.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

let lease = 1000;
const WINDOW = 100;
const GUARD = 1;
let connection: Connection;
let prefix: string;
let keys: string[];
let limits: Definition;

beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis() }), "test");
});
afterAll(async () => {
  await connection.quit();
});
beforeEach(() => {
  prefix = freshPrefix();
  lease = 1000;
  keys = ["a", "b", "c", "d", "e"].map((part) => keysOf(prefix).of(part));
  return async () => {
    await connection.call("DEL", ...keys);
  };
});

/** A holder of the limits of the test. */
class Holder {
  readonly #name: string;
  steps = 0;
  held: number[] = limits.facts.map(() => 0);

  constructor(name: string) {
    this.#name = `process/${name}`;
  }

  async step(
    now: number,
    asks: Partial<StepAsks> = {},
    { number = ++this.steps, mayReap = 1 } = {},
  ): Promise<StepAnswer> {
    const all: StepAsks = {
      requests: [],
      tries: [],
      confirmed: [],
      began: [],
      held: this.held,
      settled: [],
      left: [],
      caps: [],
      pause: 0,
      resizes: [],
      sizes: 0,
      wantsStats: true,
      isLast: false,
      ...asks,
    };
    const args = [limits.text, now, this.#name, number, lease, mayReap, JSON.stringify(all), `${prefix}:`];
    return JSON.parse((await stepScript(limits.algorithms).run(connection, keys, args)) as string) as StepAnswer;
  }
}

const rate = (capacity: number): Limit => new CallLimit({ capacity, window: WINDOW, guard: GUARD });
const ids = ({ granted }: StepAnswer): number[] => granted.map(([id]) => id);

describe("the script of shared limits", () => {
  it("lets nothing expire that may not have begun yet", async () => {
    limits = new Definition([rate(2)]);
    const [slow, other] = [new Holder("slow"), new Holder("other")];
    expect(ids(await slow.step(1000, { requests: [[1, 0, 0, 2]] }))).toEqual([1]);
    const blocked = await other.step(1060, { requests: [[1, 0, 0, 1]] });
    expect(ids(blocked)).toEqual([]);
    for (let now = 1100; now < 1400; now += 45) expect(ids(await other.step(now))).toEqual([]);
    await slow.step(1400, { confirmed: [1] });
    expect(ids(await other.step(1400 + WINDOW))).toEqual([]);
    expect(ids(await other.step(1400 + WINDOW + GUARD))).toEqual([1]);
  });

  it("counts what was granted from when it began", async () => {
    limits = new Definition([rate(2)]);
    const [slow, other] = [new Holder("slow"), new Holder("other")];
    await slow.step(1000, { requests: [[1, 0, 0, 2]] });
    await slow.step(1030, { confirmed: [1] });
    expect(ids(await other.step(1030 + WINDOW, { requests: [[1, 0, 0, 1]] }))).toEqual([]);
    expect(ids(await other.step(1030 + WINDOW + GUARD))).toEqual([1]);
  });

  it("does once what is asked twice", async () => {
    limits = new Definition([rate(10), new ResourceLimit({ key: "files", capacity: 5 })]);
    const holder = new Holder("a");
    const first = { requests: [[1, 0, 0, 4, 2]], tries: [[2, 0, 3, 1]] };
    const once = await holder.step(1000, first, { number: 1 });
    expect(await holder.step(1001, first, { number: 1 })).toEqual({ ...once, isNew: false });
    holder.held = [0, 3];
    const second = { confirmed: [1, 2], settled: [[once.granted[0]![1], -3, 0]], requests: [[3, 0, 0, 9, 0]] };
    const { stats } = await holder.step(1002, second, { number: 2 });
    expect(stats!.limits).toEqual([
      [10, 4],
      [5, 3],
    ]);
    expect(stats!.waiting).toBe(1);
    const again = await holder.step(1003, second, { number: 2 });
    expect([again.stats!.limits, again.stats!.waiting]).toEqual([stats!.limits, 1]);
  });

  it("gives back what a holder had whose lease is over, and lets its requests go, once somebody may say so", async () => {
    limits = new Definition([new ResourceLimit({ key: "files", capacity: 3 })]);
    const [dead, other] = [new Holder("dead"), new Holder("other")];
    await dead.step(1000, { requests: [[1, 0, 0, 2]] });
    dead.held = [2];
    await dead.step(1001, { confirmed: [1], requests: [[2, 0, 0, 3]] });
    const waits = await other.step(1500, { requests: [[1, 0, 0, 2]] });
    expect(waits.wake).toBeGreaterThan(0);
    expect(ids(await other.step(2002, {}, { mayReap: 0 }))).toEqual([]);
    const { granted, stats } = await other.step(2003);
    expect([granted.length, stats!.limits, stats!.waiting]).toEqual([1, [[3, 2]], 0]);
    const back = await dead.step(2004);
    expect([back.isNew, back.stats!.limits]).toEqual([true, [[3, 4]]]);
  });

  it("never lets its time go back", async () => {
    limits = new Definition([rate(100)]);
    const holder = new Holder("a");
    const takenAt = async (id: number): Promise<number> =>
      (await holder.step(0, { requests: [[id, 0, 0, 1]] })).granted.at(-1)![1];
    const first = await takenAt(1);
    // As if the clock had been set back by a minute since.
    const ahead = Buffer.alloc(8);
    ahead.writeDoubleLE(first + 60_000);
    await connection.call("SETRANGE", keys[0]!, 8, ahead);
    const second = await takenAt(2);
    expect(second).toBe(first + 60_000);
    const third = await takenAt(3);
    expect(third).toBeGreaterThanOrEqual(second);
    expect(third).toBeLessThan(second + 10_000);
  });

  it("never exceeds, never forgets: whatever holders do, and when", async () => {
    // Nobody is reaped.
    lease = 60_000;
    const draw = fc.record({
      who: fc.nat(2),
      gap: fc.oneof(
        fc.constant(0),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 60, noNaN: true }),
      ),
      asks: fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3 })), { maxLength: 3 }),
      confirms: fc.boolean(),
      releases: fc.boolean(),
      less: fc.integer({ min: 0, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(draw, { minLength: 30, maxLength: 70, size: "max" }), async (draws) => {
        await connection.call("DEL", ...keys);
        limits = new Definition([
          new RateLimit({ key: "tokens", capacity: 10, window: WINDOW, guard: GUARD }),
          new ResourceLimit({ key: "files", capacity: 4 }),
        ]);
        const model = new Model(["a", "b", "c"].map((name) => new Holder(name)));
        let now = 5000;
        for (const one of draws) await model.step((now += one.gap), one);
        // Then all confirm and release, and everybody is served in the end.
        for (let round = 0; round < 300 && model.waiting > 0; round += 1) {
          for (const who of [0, 1, 2])
            await model.step((now += WINDOW), { who, asks: [], confirms: true, releases: true, less: 0 });
        }
        expect(model.waiting).toBe(0);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});

interface Draw {
  readonly who: number;
  readonly asks: readonly (readonly [tokens: number, files: number])[];
  readonly confirms: boolean;
  readonly releases: boolean;
  readonly less: number;
}

/** What holders asked for and were granted, told apart from what the script thinks. */
class Model {
  readonly #holders: readonly Holder[];
  readonly #needs = new Map<string, readonly [tokens: number, files: number]>();
  readonly #open: Map<number, number>[];
  #ids = 0;
  /** What began when. */
  readonly #begun: { readonly at: number; tokens: number }[] = [];
  #held: (readonly [id: number, files: number])[][];
  #granted = 0;

  constructor(holders: readonly Holder[]) {
    this.#holders = holders;
    this.#open = holders.map(() => new Map());
    this.#held = holders.map(() => []);
  }

  get waiting(): number {
    return this.#needs.size - this.#granted;
  }

  async step(now: number, { who, asks, confirms, releases, less }: Draw): Promise<void> {
    const holder = this.#holders[who]!;
    const open = this.#open[who]!;
    const settled: number[][] = [];
    const confirmed = confirms ? [...open.keys()] : [];
    for (const id of confirmed) {
      const [tokens, files] = this.#needs.get(`${who} ${id}`)!;
      const used = Math.max(0, tokens - less);
      // It begins now, with what it really uses.
      if (used > 0) this.#begun.push({ at: now, tokens: used });
      settled.push([open.get(id)!, used - tokens, 0]);
      this.#held[who]!.push([id, files]);
      open.delete(id);
    }
    if (releases) this.#held[who] = [];
    holder.held = [0, this.#held[who]!.reduce((sum, [, files]) => sum + files, 0)];
    const requests = asks.map((need) => {
      this.#ids += 1;
      this.#needs.set(`${who} ${this.#ids}`, need);
      return [this.#ids, 0, 0, ...need];
    });
    const answer = await holder.step(now, { confirmed, settled, requests });
    this.#learn(who, answer.granted);
    const inWindow = this.#begun.filter(({ at }) => at > now - WINDOW).reduce((sum, { tokens }) => sum + tokens, 0);
    expect(inWindow).toBeLessThanOrEqual(10);
    expect(this.#files()).toBeLessThanOrEqual(4);
    expect(answer.stats!.limits[1]![1]).toBeGreaterThanOrEqual(this.#files());
  }

  #learn(who: number, granted: readonly Granted[]): void {
    for (const [id, takenAt] of granted) {
      const open = this.#open[who]!;
      if (open.has(id)) continue;
      open.set(id, takenAt);
      this.#granted += 1;
    }
  }

  #files(): number {
    const held = this.#held.flat().reduce((sum, [, files]) => sum + files, 0);
    const open = this.#open.flatMap((map, who) => [...map.keys()].map((id) => this.#needs.get(`${who} ${id}`)![1]));
    return held + open.reduce((sum, files) => sum + files, 0);
  }
}
