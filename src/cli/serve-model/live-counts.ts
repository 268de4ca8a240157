import { ProgressBar } from "../../progress/progress-bar.js";
import type { ProgressStream } from "../../progress/progress-output.js";
import { isScreen } from "../../progress/terminal.js";
import type { SimulationStats } from "../../prompts/simulation/simulation-stats.js";

/** How often the counts are looked at, in ms. */
const INTERVAL = 500;

/** Shows on a terminal, in one line, how it goes with a model; what is not answered counts as failed. */
export class LiveCounts implements Disposable {
  readonly #bar: ProgressBar | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #stats: () => SimulationStats;
  #refused = 0;

  constructor(stats: () => SimulationStats, stream: ProgressStream) {
    this.#stats = stats;
    if (!isScreen(stream, process.env)) return;
    this.#bar = new ProgressBar({ unit: "responses", leave: false, stream });
    this.#look();
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }

  #look(): void {
    const { statuses, inFlight } = this.#stats();
    const refused = countRefused(statuses);
    this.#bar?.describe(`${inFlight} in flight`);
    this.#bar?.advance(refused - this.#refused, "failure");
    this.#refused = refused;
    this.#bar?.moveTo((statuses[200] ?? 0) + refused);
  }
}

/** The responses that were errors. */
function countRefused(statuses: SimulationStats["statuses"]): number {
  return Object.entries(statuses).reduce((sum, [status, count]) => sum + (Number(status) >= 400 ? count : 0), 0);
}
