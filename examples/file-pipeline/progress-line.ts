import { styleText } from "node:util";
import { count, size } from "./text.js";

/** How far something has come. */
export interface ProgressState {
  readonly done: number;
  /** Unknown for a while. */
  readonly total: number | undefined;
  /** Of what is done, where it is known. */
  readonly bytes?: number;
}

const REDRAW_MS = 100;
const REPEAT_MS = 5000;
const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;

/**
 * Shows progress until disposed of: one line drawn again and again on a terminal, which leaves nothing behind; elsewhere
 * a line now and then.
 */
export class ProgressLine implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #label: string;
  readonly #read: () => ProgressState;
  readonly #isLive: boolean;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();

  constructor(stream: NodeJS.WriteStream, label: string, read: () => ProgressState) {
    this.#stream = stream;
    this.#label = label;
    this.#read = read;
    this.#isLive = stream.isTTY && process.env["TERM"] !== "dumb";
    this.#timer = setInterval(() => this.#draw(), this.#isLive ? REDRAW_MS : REPEAT_MS).unref();
  }

  /** Writes a line of its own above the progress. */
  say(text: string): void {
    this.#stream.write(`${this.#isLive ? "\r\u001B[K" : ""}${text}\n`);
    if (this.#isLive) this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#isLive) this.#stream.write("\r\u001B[K");
  }

  #draw(): void {
    const elapsed = performance.now() - this.#startedAt;
    if (!this.#isLive) {
      this.#stream.write(`${progressText(this.#label, this.#read(), elapsed, Number.POSITIVE_INFINITY).text}\n`);
      return;
    }
    // The last column stays free: a terminal may go to the next line after it.
    const { text, bar } = progressText(this.#label, this.#read(), elapsed, this.#stream.columns - 1);
    this.#stream.write(`\r${this.#drawBar(bar)}${text}\u001B[K`);
  }

  #drawBar(bar: { full: number; empty: number } | undefined): string {
    if (!bar) return "";
    const full = "━".repeat(bar.full);
    if (!this.#stream.hasColors()) return `${full}${"·".repeat(bar.empty)} `;
    return `${styleText("green", full)}${styleText("gray", "━".repeat(bar.empty))} `;
  }
}

/** The fullest text that fits, with a bar where there is room for one. */
export function progressText(
  label: string,
  { done, total, bytes }: ProgressState,
  elapsed: number,
  columns: number,
): { text: string; bar: { full: number; empty: number } | undefined } {
  const rate = done / Math.max(elapsed, 1);
  const speed = count(rate * 1000);
  const isKnown = total !== undefined;
  const files = isKnown ? `${count(done)}/${count(total)}` : count(done);
  const eta = isKnown && done > 0 ? [`ETA ${clock((total - done) / rate)}`] : [];
  const volume = bytes === undefined ? [] : [size(bytes)];
  const texts = [
    [label, `${files} files${isKnown ? "" : " so far"}`, ...volume, `${speed} files/s`, ...eta],
    [`${files} files`, ...volume, `${speed} files/s`, ...eta],
    [files, ...volume, `${speed}/s`, ...eta],
    [files, `${speed}/s`, ...eta],
    [files, ...eta],
    [files],
  ].map((parts) => parts.join("  "));
  const text = texts.find(({ length }) => length <= columns) ?? "";
  const room = Math.min(LONGEST_BAR, columns - text.length - 1);
  if (!isKnown || !Number.isFinite(columns) || room < SHORTEST_BAR) return { text, bar: undefined };
  const full = total === 0 ? room : Math.floor((Math.min(done, total) / total) * room);
  return { text, bar: { full, empty: room - full } };
}

function clock(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours}:${String(minutes).padStart(2, "0")}:${String(seconds).padStart(2, "0")}`;
  return `${minutes}:${String(seconds).padStart(2, "0")}`;
}
