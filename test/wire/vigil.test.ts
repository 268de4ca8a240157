import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Vigil } from "../../dist/wire/vigil.js";

const BUDGET_MS = 0.05;

/** An event loop whose turns take so many ms each, and that counts those which a vigil asks for. */
class Loop {
  time = 0;
  turns = 0;
  #next: (() => void) | undefined;
  readonly now = (): number => this.time;
  readonly laterTurn = (fn: () => void): void => {
    expect(this.#next, "one turn is asked for at a time").toBeUndefined();
    this.#next = fn;
  };

  get isAsleep(): boolean {
    return this.#next === undefined;
  }

  turn(ms: number): void {
    this.time += ms;
    const next = this.#next;
    this.#next = undefined;
    if (!next) return;
    this.turns += 1;
    next();
  }

  /** Turns until nothing asks for more. */
  run(ms: number): void {
    while (!this.isAsleep) this.turn(ms);
  }
}

describe("Vigil", () => {
  it("turns the loop until what is expected arrives", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, false, loop);
    vigil.expect(BUDGET_MS);
    for (let index = 0; index < 5; index += 1) loop.turn(0.002);
    expect(loop.isAsleep).toBe(false);
    vigil.arrived();
    loop.turn(0.002);
    expect(loop.isAsleep).toBe(true);
  });

  it("gives up after its budget (V1)", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.2, noNaN: true }), (ms) => {
        const loop = new Loop();
        new Vigil(undefined, false, loop).expect(BUDGET_MS);
        loop.run(ms);
        expect(loop.time).toBeLessThan(BUDGET_MS + 2 * ms);
      }),
    );
  });

  it("costs ever less where it is in vain (V2)", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, false, loop);
    let vigils = 0;
    for (let occasion = 0; occasion < 10_000; occasion += 1) {
      vigil.expect(BUDGET_MS);
      if (!loop.isAsleep) vigils += 1;
      loop.run(0.01);
      vigil.arrived();
    }
    // Pauses of 1, 3, 7 … occasions, and of 1,024 from then on.
    expect(vigils).toBe(10 + Math.floor((10_000 - (2 ** 11 - 2)) / 1025) + 1);
  });

  it("comes back soon when it is no longer in vain", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, false, loop);
    for (let occasion = 0; occasion < 10_000; occasion += 1) {
      vigil.expect(BUDGET_MS);
      loop.run(0.01);
    }
    let missed = 0;
    for (let occasion = 0; occasion < 2000; occasion += 1) {
      vigil.expect(BUDGET_MS);
      if (loop.isAsleep) missed += 1;
      loop.turn(0.001);
      vigil.arrived();
      loop.turn(0.001);
    }
    expect(missed).toBeLessThanOrEqual(1024);
  });

  it("asks for one turn at a time, however often something is expected", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("expect", "arrived", "turn")), (steps) => {
        const loop = new Loop();
        const vigil = new Vigil(undefined, false, loop);
        for (const step of steps) {
          if (step === "turn") loop.turn(0.004);
          else if (step === "expect") vigil.expect(BUDGET_MS);
          else vigil.arrived();
        }
        loop.run(0.004);
        expect(loop.isAsleep).toBe(true);
      }),
    );
  });
});
