import fc from "fast-check";
import { expect, it } from "vitest";
import { type Permit, Semaphore } from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";

const PERMITS = 6;
const AGEING = 1000;

type Step =
  | {
      readonly kind: "acquire";
      readonly weight: number;
      readonly priority: number;
      readonly timeout: number | undefined;
    }
  | { readonly kind: "try"; readonly weight: number }
  | { readonly kind: "release" | "abort"; readonly which: number }
  | { readonly kind: "advance"; readonly ms: number };

const weight = fc.integer({ min: 1, max: PERMITS });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      weight,
      priority: fc.constantFrom(0, 0, 1, 2),
      timeout: fc.option(fc.integer({ min: 1, max: 1500 }), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("try" as const), weight }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
);

interface Request {
  readonly weight: number;
  readonly rank: number;
  readonly controller: AbortController;
  readonly endsAt: number;
  outcome: "waiting" | "granted" | "failed";
}

/** What a semaphore must equal: a list that is sorted anew each time. */
class Model {
  held = 0;
  waiting: Request[] = [];

  serve(): Request[] {
    const served: Request[] = [];
    this.waiting.sort((a, b) => a.rank - b.rank);
    while (this.waiting[0] && this.held + this.waiting[0].weight <= PERMITS) {
      const next = this.waiting.shift()!;
      this.held += next.weight;
      served.push(next);
    }
    return served;
  }
}

it("grants exactly what a sorted list would, whoever aborts or times out, and loses nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const clock = new FakeClock();
      const semaphore = new Semaphore(PERMITS, { clock });
      const model = new Model();
      const permits: Permit[] = [];
      const requests: Request[] = [];
      const leave = (which: (request: Request) => boolean): void => {
        model.waiting = model.waiting.filter((request) => !which(request));
        model.serve();
      };
      for (const action of steps) {
        if (action.kind === "acquire") {
          const controller = new AbortController();
          const { priority } = action;
          // No two at the same moment: the first to leave may make room for the other.
          const timeout = action.timeout && action.timeout + requests.length / 1024;
          const request: Request = {
            weight: action.weight,
            rank: clock.elapsed - priority * AGEING,
            controller,
            endsAt: clock.elapsed + (timeout ?? Number.POSITIVE_INFINITY),
            outcome: "waiting",
          };
          requests.push(request);
          semaphore.acquire(action.weight, { signal: controller.signal, priority, timeout }).then(
            (permit) => {
              request.outcome = "granted";
              permits.push(permit);
            },
            () => (request.outcome = "failed"),
          );
          // A fitting one is served at once only when nobody waits, or when it goes before all.
          model.waiting.push(request);
          model.serve();
        } else if (action.kind === "try") {
          const permit = semaphore.tryAcquire(action.weight);
          const isFree = model.waiting.length === 0 && model.held + action.weight <= PERMITS;
          expect(permit !== undefined).toBe(isFree);
          if (permit) {
            permits.push(permit);
            model.held += action.weight;
          }
        } else if (action.kind === "release" && permits.length > 0) {
          const [permit] = permits.splice(action.which % permits.length, 1);
          permit!.release();
          permit!.release();
          model.held -= permit!.weight;
          model.serve();
        } else if (action.kind === "abort" && model.waiting.length > 0) {
          const request = model.waiting[action.which % model.waiting.length]!;
          request.controller.abort();
          leave((other) => other === request);
        } else if (action.kind === "advance") {
          const due = [...new Set(model.waiting.map(({ endsAt }) => endsAt))].toSorted((a, b) => a - b);
          const end = clock.elapsed + action.ms;
          await clock.advance(action.ms);
          for (const at of due) if (at <= end) leave(({ endsAt }) => endsAt === at);
        }
        await turn();
        expect(semaphore.waiting).toBe(model.waiting.length);
        expect(semaphore.available).toBe(PERMITS - model.held);
        expect(permits.reduce((sum, permit) => sum + permit.weight, 0)).toBe(model.held);
        expect(requests.filter(({ outcome }) => outcome === "waiting").toSorted(byRank)).toEqual(model.waiting);
      }
      while (permits.length > 0 || semaphore.waiting > 0) {
        for (const permit of permits.splice(0)) permit.release();
        await turn();
      }
      expect(semaphore.available).toBe(PERMITS);
      expect(requests.some(({ outcome }) => outcome === "waiting")).toBe(false);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 60 },
  );
});

function byRank(a: Request, b: Request): number {
  return a.rank - b.rank;
}
