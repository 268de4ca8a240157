/** Gathers what the next step asks. */
import type { StepAsks } from "./answers.js";

/** What is asked besides the requests that wait. */
export class Asks {
  confirmed: number[] = [];
  began: number[][] = [];
  settled: number[][] = [];
  left: number[] = [];
  tries: number[][] = [];
  caps: number[][] = [];
  resizes: (readonly number[])[] = [];
  pause = 0;
  wantsStats = false;

  /** Makes a step of it. */
  step(rest: Pick<StepAsks, "requests" | "held" | "sizes" | "isLast">): StepAsks {
    const { confirmed, began, settled, left, tries, caps, resizes, pause, wantsStats } = this;
    return { confirmed, began, settled, left, tries, caps, resizes, pause, wantsStats, ...rest };
  }
}
