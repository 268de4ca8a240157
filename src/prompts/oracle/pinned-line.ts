/** Connections that chats keep for themselves. */
import { PoolStoppedError } from "../../errors.js";
import type { OracleCallOptions, OracleCalls } from "./oracle-calls.js";
import type { SessionTask } from "./session.js";
import type { RunHeld } from "./sessions.js";

/** A connection of one's own. */
export interface PinnedLine {
  run<T>(task: SessionTask<T>, options: OracleCallOptions): Promise<T>;
  release(): Promise<void>;
}

export class PinnedLines {
  readonly #calls: OracleCalls;
  readonly #most: number;
  readonly #timeout: number;
  readonly #open = new Set<() => void>();

  constructor(calls: OracleCalls, most: number, timeout: number) {
    this.#calls = calls;
    this.#most = most;
    this.#timeout = timeout;
  }

  /** @throws {RangeError} when too few connections would be left for everything else */
  async open(): Promise<PinnedLine> {
    if (this.#open.size >= this.#most) {
      throw new RangeError(
        `Cannot pin another chat as at least one connection must be left for others: set 'poolMax' above ${this.#most + 1}`,
      );
    }
    let over!: () => void;
    const isOver = new Promise<void>((resolve) => (over = resolve));
    this.#open.add(over);
    let lend!: (run: RunHeld) => void;
    const lent = new Promise<RunHeld>((resolve) => (lend = resolve));
    const held = this.#calls.hold({ name: "chat", timeout: this.#timeout }, { lend, isOver });
    const ended = held.then(ignore, ignore);
    void ended.then(() => this.#open.delete(over));
    const failed = held.then(() => Promise.reject(new PoolStoppedError("Cannot chat as the connection is released")));
    const run = await Promise.race([lent, failed]);
    return {
      run: (task, { signal }) => run(task, signal ?? NEVER),
      release: () => {
        over();
        return ended;
      },
    };
  }

  /** Lets go of all of them, as soon as nothing is asked. */
  releaseAll(): void {
    for (const over of this.#open) over();
  }
}

const NEVER = new AbortController().signal;

function ignore(): void {}
