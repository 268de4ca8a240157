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
  readonly endOfTurn = (fn: () => void): void => this.laterTurn(fn);
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
    const vigil = new Vigil(undefined, 0, false, loop);
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
        new Vigil(undefined, 0, false, loop).expect(BUDGET_MS);
        loop.run(ms);
        expect(loop.time).toBeLessThan(BUDGET_MS + 2 * ms);
      }),
    );
  });

  it("costs ever less where it is in vain (V2)", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, 0, false, loop);
    const begun: number[] = [];
    while (begun.length < 12) {
      vigil.expect(BUDGET_MS);
      if (!loop.isAsleep) begun.push(loop.time);
      loop.run(BUDGET_MS / 5);
      loop.time += BUDGET_MS / 10;
    }
    const pauses = begun.slice(1).map((time, index) => (time - begun[index]!) / BUDGET_MS - 1);
    for (const [index, pause] of pauses.entries()) {
      const expected = Math.min(8 * 2 ** index, 256);
      expect(pause).toBeGreaterThanOrEqual(expected - 0.01);
      expect(pause).toBeLessThan(expected + 0.7);
    }
    expect(vigil.misses).toBe(12);
  });

  it("comes back soon when it is no longer in vain", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, 0, false, loop);
    for (let occasion = 0; occasion < 20; occasion += 1) {
      while (vigil.isPausing) loop.time += BUDGET_MS;
      vigil.expect(BUDGET_MS);
      loop.run(0.01);
    }
    loop.time += 250 * BUDGET_MS;
    expect(vigil.isPausing).toBe(true);
    loop.time += 7 * BUDGET_MS;
    expect(vigil.isPausing).toBe(false);
    for (let occasion = 0; occasion < 10; occasion += 1) {
      vigil.expect(BUDGET_MS);
      expect(loop.isAsleep).toBe(false);
      vigil.arrived();
      loop.turn(0.001);
    }
    // Those that were not in vain have made up for those that were: the next pause is a short one.
    vigil.expect(BUDGET_MS);
    loop.run(0.01);
    loop.time += 9 * BUDGET_MS;
    expect(vigil.isPausing).toBe(false);
  });

  it("forgets what was in vain long ago (V3)", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, 0, false, loop);
    for (let occasion = 0; occasion < 20; occasion += 1) {
      loop.time += 300 * BUDGET_MS;
      expect(vigil.isPausing).toBe(false);
      vigil.expect(BUDGET_MS);
      loop.run(0.01);
      expect(vigil.isPausing).toBe(true);
      loop.time += 9 * BUDGET_MS;
      expect(vigil.isPausing).toBe(false);
    }
  });

  it("counts a pause from when the vigil was in vain, however late that is told", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, 0, false, loop);
    vigil.expect(BUDGET_MS);
    vigil.arrived();
    loop.run(0.001);
    const since = loop.time;
    loop.time += 7 * BUDGET_MS;
    vigil.pause(since);
    expect(vigil.isPausing).toBe(true);
    loop.time += 2 * BUDGET_MS;
    expect(vigil.isPausing).toBe(false);
  });

  it("obeys where somebody else sees to the pauses", () => {
    const loop = new Loop();
    const vigil = new Vigil(undefined, 0, true, loop);
    for (let occasion = 0; occasion < 5; occasion += 1) {
      vigil.expect(BUDGET_MS);
      expect(loop.isAsleep).toBe(false);
      loop.run(0.01);
    }
    expect(vigil.misses).toBe(5);
  });

  it("looks into what it watches, between turns of the loop too, and lets go of it at the end", () => {
    const loop = new Loop();
    const log: string[] = [];
    let looks = 0;
    const watched = {
      attend: () => void log.push("attend"),
      poll: () => (looks += 1) === 3,
      rest: () => void log.push("rest"),
    };
    const vigil = new Vigil(watched, 0, false, loop);
    vigil.expect(BUDGET_MS);
    expect(log).toEqual(["attend"]);
    loop.turn(0.001);
    expect(looks).toBe(3);
    vigil.arrived();
    loop.run(0.001);
    expect(log).toEqual(["attend", "rest"]);
  });

  it("asks for one turn at a time, however often something is expected", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("expect", "arrived", "turn")), (steps) => {
        const loop = new Loop();
        const vigil = new Vigil(undefined, 0, false, loop);
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
