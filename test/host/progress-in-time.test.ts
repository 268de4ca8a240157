import { expect, it } from "vitest";
import { StepperWorker } from "#fixtures/stepper.js";

it.each(["thread", "process"] as const)(
  "progress of a method that holds up its %s arrives while it does, also behind swift calls",
  async (mode) => {
    await using pool = StepperWorker.options({ mode, maxWorkers: 1 }).init();
    for (let call = 0; call < 20; call += 1) await pool.quiet();
    const swift = Array.from({ length: 5 }, () => pool.quiet());
    const held = pool.hold(400);
    const heard: number[] = [];
    held.onProgress(() => heard.push(performance.now()));
    await Promise.all(swift);
    await held;
    expect(heard.length).toBeGreaterThan(10);
    expect(performance.now() - heard[0]!).toBeGreaterThan(200);
  },
);
