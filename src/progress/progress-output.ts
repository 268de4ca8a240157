import type { Meter } from "./meter.js";

/** Where bars are shown: a screen, or lines. */
export interface ProgressOutput {
  add(meter: Meter): void;
  /** Something may have changed; `now` is the time just looked at. Called also where no timer ever fires. */
  look(meter: Meter, now: number): void;
  end(meter: Meter): void;
  /** Writes whole lines of text above the bars. */
  log(text: string): void;
}

/** What bars are written to: `process.stderr`, `process.stdout` or anything that looks like them. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  /** The width of the terminal in cells. */
  readonly columns?: number;
  readonly rows?: number;
  /** `true` when it takes no more for the moment. */
  readonly writableNeedDrain?: boolean;
  write(text: string, callback?: (error?: Error | null) => void): unknown;
  hasColors?(): boolean;
  on?(event: "resize" | "error", listener: () => void): unknown;
  off?(event: "resize" | "error", listener: () => void): unknown;
}
