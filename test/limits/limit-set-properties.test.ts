import fc from "fast-check";
import { expect, it } from "vitest";
import { CallLimit, type Grant, LimitSet, RateLimit, ResourceLimit, TimeoutError } from "manyhands";
import { FakeClock, turn } from "./fake-clock.js";

const WINDOW = 1000;

interface Setting {
  readonly calls: number;
  readonly tokens: number;
  readonly slots: number;
}

type Step =
  | {
      readonly kind: "acquire";
      readonly set: number;
      readonly tokens: number;
      readonly slots: number;
      readonly key: string | undefined;
      readonly priority: number;
      readonly timeout: number | undefined;
    }
  | { readonly kind: "try"; readonly set: number; readonly tokens: number; readonly slots: number }
  | { readonly kind: "abort" | "release"; readonly which: number }
  | { readonly kind: "update"; readonly which: number; readonly share: number }
  | { readonly kind: "pause"; readonly set: number; readonly ms: number }
  | { readonly kind: "advance"; readonly ms: number };

const setting = fc.record({
  calls: fc.integer({ min: 1, max: 10 }),
  tokens: fc.integer({ min: 5, max: 100 }),
  slots: fc.integer({ min: 1, max: 5 }),
});
const share = fc.double({ min: 0, max: 1, noNaN: true });
const set = fc.nat(1);
const acquireStep = fc.record({
  kind: fc.constant("acquire" as const),
  set,
  tokens: share,
  slots: share,
  key: fc.constantFrom(undefined, "a", "b"),
  priority: fc.constantFrom(0, 0, 0, 1),
  timeout: fc.option(fc.integer({ min: 0, max: 800 }), { nil: undefined, freq: 4 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: acquireStep },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("try" as const), set, tokens: share, slots: share }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("update" as const), which: fc.nat(), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pause" as const), set, ms: fc.nat(300) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(600) }) },
);

interface Held {
  readonly grant: Grant;
  readonly at: number;
  readonly tokens: number;
  readonly slots: number;
  /** What the tokens were corrected to. */
  used: number;
}

interface Asked {
  readonly controller: AbortController;
  outcome: "waits" | "granted" | "aborted" | "timed out";
}

/** Two sets, in either order, that share a limit of tokens and one of slots; calls each has its own. */
class World {
  readonly clock = new FakeClock();
  readonly sets: readonly LimitSet[];
  readonly held: Held[] = [];
  readonly all: Held[] = [];
  readonly asked: Asked[] = [];
  readonly #setting: Setting;
  readonly #pausedUntil = [0, 0];
  #settled = 0;

  constructor(current: Setting) {
    this.#setting = current;
    const options = { window: WINDOW, guard: 0 };
    const calls = [0, 1].map(() => new CallLimit({ ...options, capacity: current.calls }));
    const tokens = new RateLimit({ ...options, key: "tokens", capacity: current.tokens });
    const slots = new ResourceLimit({ key: "slots", capacity: current.slots });
    const { clock } = this;
    this.sets = [
      new LimitSet([calls[0]!, tokens, slots], { clock }),
      new LimitSet([slots, tokens, calls[1]!], { clock }),
    ];
  }

  async run(current: Step): Promise<void> {
    const granted = this.held[("which" in current ? current.which : 0) % Math.max(1, this.held.length)];
    switch (current.kind) {
      case "acquire":
        this.#acquire(current);
        break;
      case "try": {
        const amounts = this.#amounts(current);
        const grant = await this.sets[current.set]!.tryAcquire(amounts);
        if (grant) this.#note(grant, current.set, amounts);
        break;
      }
      case "abort":
        this.asked[current.which % Math.max(1, this.asked.length)]?.controller.abort();
        break;
      case "release":
        if (granted) this.#release(granted);
        break;
      case "update":
        if (!granted) break;
        granted.used = Math.floor(current.share * granted.used);
        granted.grant.update({ tokens: granted.used });
        break;
      case "pause":
        this.sets[current.set]!.pause(current.ms);
        this.#pausedUntil[current.set] = Math.max(this.#pausedUntil[current.set]!, this.clock.elapsed + current.ms);
        break;
      case "advance":
        await this.clock.advance(current.ms);
    }
    await turn();
    this.check();
  }

  #amounts({ tokens, slots }: { tokens: number; slots: number }): { tokens: number; slots: number } {
    return { tokens: Math.round(tokens * this.#setting.tokens), slots: Math.round(slots * this.#setting.slots) };
  }

  #acquire(current: Step & { kind: "acquire" }): void {
    const asked: Asked = { controller: new AbortController(), outcome: "waits" };
    this.asked.push(asked);
    const amounts = this.#amounts(current);
    const { timeout, key, priority } = current;
    const settle = (outcome: Asked["outcome"]): void => {
      expect(asked.outcome).toBe("waits");
      asked.outcome = outcome;
      this.#settled += 1;
    };
    this.sets[current.set]!.acquire(amounts, {
      signal: asked.controller.signal,
      priority,
      ...(key !== undefined && { key }),
      ...(timeout !== undefined && { timeout }),
    }).then(
      (grant) => {
        settle("granted");
        this.#note(grant, current.set, amounts);
      },
      (error: unknown) => settle(error instanceof TimeoutError ? "timed out" : "aborted"),
    );
  }

  #note(grant: Grant, index: number, amounts: { tokens: number; slots: number }): void {
    expect(grant.amounts).toEqual({ ...amounts, calls: 1 });
    expect(this.clock.elapsed).toBeGreaterThanOrEqual(this.#pausedUntil[index]!);
    const held = { grant, at: this.clock.now(), ...amounts, used: amounts.tokens };
    this.held.push(held);
    this.all.push(held);
  }

  #release(held: Held): void {
    this.held.splice(this.held.indexOf(held), 1);
    held.grant.release();
    if (held.at % 2 === 0) held.grant.release();
  }

  check(): void {
    const now = this.clock.now();
    const slots = this.held.reduce((sum, held) => sum + held.slots, 0);
    const recent = this.all.filter(({ at }) => at > now - WINDOW);
    expect(slots).toBeLessThanOrEqual(this.#setting.slots);
    expect(recent.reduce((sum, { used }) => sum + used, 0)).toBeLessThanOrEqual(this.#setting.tokens);
    for (const current of this.sets) {
      const calls = recent.filter(({ grant }) => (grant as unknown as { keeper: unknown }).keeper === current);
      expect(calls.length).toBeLessThanOrEqual(this.#setting.calls);
      const inUse = current.stats().limits.find(({ key }) => key === "slots")!.inUse;
      expect(inUse).toBe(slots);
    }
  }

  /** Gives back whatever comes, until nobody waits. */
  async end(): Promise<void> {
    for (let round = 0; this.asked.some(({ outcome }) => outcome === "waits"); round += 1) {
      expect(round).toBeLessThan(2000);
      for (const held of this.held.slice()) this.#release(held);
      await turn();
      if (this.held.length === 0) await this.clock.next();
      this.check();
    }
    for (const held of this.held.slice()) this.#release(held);
    await turn();
    // The windows, and what a pause has asked for, are over.
    await this.clock.advance(WINDOW + 300);
    for (const current of this.sets) {
      const { waiting, limits } = current.stats();
      expect(waiting).toBe(0);
      expect(limits.map(({ inUse }) => inUse)).toEqual([0, 0, 0]);
      for (const limit of current.limits) expect((limit as unknown as { key: string }).key).toBeTypeOf("string");
      for (const { claims, watchers, memory } of current.cores) {
        expect([claims.length, watchers.size, memory.hasWaiting]).toEqual([0, 0, false]);
      }
    }
    expect(this.clock.pending).toBe(0);
    expect(this.#settled).toBe(this.asked.length);
  }
}

it("keeps every limit in every window, settles each request once, and leaves nothing behind", async () => {
  await fc.assert(
    fc.asyncProperty(setting, fc.array(step, { minLength: 5, maxLength: 70, size: "max" }), async (current, steps) => {
      const world = new World(current);
      for (const one of steps) await world.run(one);
      await world.end();
    }),
    { numRuns: 120 },
  );
});

it("grants a request that fits alone as soon as it can, whatever has been asked before and has left", async () => {
  await fc.assert(
    fc.asyncProperty(setting, fc.array(step, { maxLength: 40, size: "max" }), async (current, steps) => {
      const world = new World(current);
      for (const one of steps) await world.run(one);
      for (const { controller } of world.asked) controller.abort();
      await turn();
      for (const held of world.held) held.grant.release();
      await world.clock.advance(2 * WINDOW);
      const all = { tokens: current.tokens, slots: current.slots };
      for (const one of world.sets) {
        const whole = await one.tryAcquire(all);
        expect(whole).toBeDefined();
        whole!.update({ tokens: 0 });
        whole!.release();
      }
    }),
    { numRuns: 60 },
  );
});
