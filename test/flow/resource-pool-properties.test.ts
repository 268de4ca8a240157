import fc from "fast-check";
import { expect, it } from "vitest";
import { type ResourceLease, LimitSet, RateLimit, ResourceLimit, ResourcePool } from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";

const MAX = 3;

type Step =
  | { readonly kind: "acquire"; readonly priority: number; readonly timeout: number }
  | { readonly kind: "release" | "discard" | "abort"; readonly which: number }
  | { readonly kind: "breakAll" }
  | { readonly kind: "advance"; readonly ms: number };

const which = fc.nat();
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      priority: fc.constantFrom(0, 0, 1),
      timeout: fc.integer({ min: 20, max: 400 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("release" as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("discard" as const, "abort" as const), which }) },
  { weight: 1, arbitrary: fc.constant({ kind: "breakAll" as const }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 150 }) }) },
);

/** How long each step of a resource's life takes, and whether it fails; taken in turn. */
const fates = fc.array(fc.record({ ms: fc.constantFrom(0, 0, 5, 60, 1000), fails: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
});

interface Thing {
  readonly id: number;
  isGood: boolean;
  state: "made" | "leased" | "destroyed";
}

/** A world in which things take time and fail. */
class World {
  readonly clock = new FakeClock();
  readonly things: Thing[] = [];
  /** Those that exist, for as long as anybody could know. */
  alive = 0;
  #next = 0;
  readonly #fates: readonly { readonly ms: number; readonly fails: boolean }[];

  constructor(lives: readonly { readonly ms: number; readonly fails: boolean }[]) {
    this.#fates = lives;
  }

  /** Whether it works out; takes as long as it takes. */
  async fate(): Promise<boolean> {
    const { ms, fails } = this.#fates[this.#next++ % this.#fates.length]!;
    if (ms > 0) await new Promise<void>((resolve) => this.clock.after(ms, resolve, true));
    return !fails;
  }

  async make(): Promise<Thing> {
    this.alive += 1;
    expect(this.alive).toBeLessThanOrEqual(MAX);
    if (!(await this.fate())) {
      this.alive -= 1;
      throw new Error("Cannot make");
    }
    const thing: Thing = { id: this.things.length, isGood: true, state: "made" };
    this.things.push(thing);
    return thing;
  }

  async check(thing: Thing): Promise<boolean> {
    expect(thing.state).toBe("made");
    const isGood = await this.fate();
    if (!isGood) throw new Error("Cannot check");
    return thing.isGood;
  }

  async end(thing: Thing): Promise<void> {
    expect(thing.state).toBe("made");
    thing.state = "destroyed";
    const isGood = await this.fate();
    this.alive -= 1;
    if (!isGood) throw new Error("Cannot end");
  }
}

it.each([false, true])(
  "never has more than max, lends each to one at a time, settles all, and destroys all (with limits: %s)",
  async (hasLimits) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60, size: "max" }),
        fates,
        fc.nat(MAX),
        async (steps, lives, min) => {
          const world = new World(lives);
          const { clock } = world;
          const set = new LimitSet(
            [
              new ResourceLimit({ key: "things", capacity: MAX }),
              new RateLimit({ key: "tokens", capacity: 10, window: 100, guard: 0 }),
            ],
            { clock },
          );
          let unexpected = 0;
          const pool = new ResourcePool<Thing>({
            create: () => world.make(),
            validate: (thing) => world.check(thing),
            destroy: (thing) => world.end(thing),
            // A thing that is too slow to be counted any more would be more than there may be.
            createTimeout: Number.POSITIVE_INFINITY,
            destroyTimeout: Number.POSITIVE_INFINITY,
            validateTimeout: 500,
            idleTimeout: 120,
            maxLifetime: 700,
            onError: ({ error }) => {
              if (!/^Cannot (make|check|end|validate)/.test((error as Error).message)) unexpected += 1;
            },
            min,
            clock,
            ...(hasLimits ? { limits: { set, key: "things" } } : { max: MAX }),
          });
          const leases: ResourceLease<Thing>[] = [];
          const waiting: { readonly controller: AbortController; readonly endsAt: number }[] = [];
          const borrow = (priority: number, timeout: number): void => {
            const controller = new AbortController();
            const request = { controller, endsAt: clock.elapsed + timeout };
            waiting.push(request);
            const amounts = hasLimits ? { amounts: { tokens: 1 + (timeout % 5) } } : {};
            const forget = (): void => void waiting.splice(waiting.indexOf(request), 1);
            pool.acquire({ signal: controller.signal, priority, timeout, ...amounts }).then(
              (lease) => {
                forget();
                expect(lease.value.state).toBe("made");
                lease.value.state = "leased";
                leases.push(lease);
              },
              (error: unknown) => {
                forget();
                if (!/^(Cannot (make|acquire)|This operation was aborted)/.test((error as Error).message))
                  unexpected += 1;
              },
            );
          };
          const giveBack = (index: number, isBroken: boolean): void => {
            const [lease] = leases.splice(index, 1);
            lease!.value.state = "made";
            if (isBroken) lease!.discard();
            else lease!.release();
            lease!.release();
          };
          for (const action of steps) {
            if (action.kind === "acquire") borrow(action.priority, action.timeout);
            else if (action.kind === "advance") await clock.advance(action.ms);
            else if (action.kind === "breakAll") for (const thing of world.things) thing.isGood = false;
            else if (action.kind === "abort") waiting[action.which % waiting.length]?.controller.abort();
            else if (leases.length > 0) giveBack(action.which % leases.length, action.kind === "discard");
            await turn();
            const stats = pool.stats();
            expect(stats.size).toBeLessThanOrEqual(MAX);
            expect(stats.size).toBe(world.alive);
            expect(stats).toMatchObject({ leased: leases.length, waiting: waiting.length });
            // Nobody waits while there are resources, but for one that is being checked.
            const checking = stats.size - stats.idle - stats.leased - stats.creating - stats.destroying;
            if (!hasLimits && stats.idle > 0) expect(stats.waiting).toBeLessThanOrEqual(checking);
            // Nobody waits beyond its time.
            expect(waiting.every(({ endsAt }) => endsAt > clock.elapsed)).toBe(true);
            if (hasLimits) expect(set.stats().limits[0]!.inUse).toBeLessThanOrEqual(MAX);
          }
          const stopped = pool.stop();
          while (leases.length > 0) giveBack(0, false);
          await clock.advance(5000);
          await stopped;
          expect(waiting).toEqual([]);
          expect(world.alive).toBe(0);
          expect(world.things.every(({ state }) => state === "destroyed")).toBe(true);
          expect(pool.stats()).toMatchObject({ size: 0, created: world.things.length, destroyed: world.things.length });
          expect(set.stats()).toMatchObject({ waiting: 0, limits: [{ inUse: 0 }, { inUse: 0 }] });
          expect(clock.pending).toBe(0);
          expect(unexpected).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  },
);
