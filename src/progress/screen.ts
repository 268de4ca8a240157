/**
 * Bars on a terminal.
 *
 * Owns the lines at the end of what is on the terminal, the list of bars that stand there, and the timer that draws them
 * again. Does not own the counts, nor how a line looks (`layout.ts`). There is one for each terminal.
 *
 * States: closed → open, while a bar is live → closed.
 *
 * S1. A frame is one write. The cursor is never hidden and rests below the bars, and no mode of the terminal is changed:
 *     a process that is killed leaves it as it was.
 * S2. No line is as wide as the terminal: it would be broken, and the next frame begin in the wrong line. When the
 *     terminal becomes narrower, it breaks the lines it shows; how the one with the cursor fares differs between
 *     terminals, so that one is empty.
 * S3. What others write stands above the bars, in the order in which it was written. While it ends in the middle of a
 *     line, no bar is drawn.
 * S4. A bar that has ended is written for good, above those that are drawn again, when nothing live stands above it, or
 *     when there is no room for it below.
 * S5. While no bar is live there is no timer, no listener and nothing intercepted. The timer keeps nothing alive; where
 *     it does not fire, in a loop that never yields, the bars' own looks at the clock draw.
 */
import { stripVTControlCharacters } from "node:util";
import type { Clock } from "../config/monotonic.js";
import { displayWidth } from "./display-width.js";
import { type Interceptor, intercept } from "./intercept.js";
import { layOut } from "./layout.js";
import type { Meter } from "./meter.js";
import type { ProgressOutput, ProgressStream } from "./progress-output.js";
import type { SafeWriter } from "./safe-writer.js";
import type { Theme } from "./theme.js";

const REDRAW_MS = 100;
/** For what should be seen at once: as fast as displays are. */
const SHORTEST_MS = 16;
const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;
const CLEAR_LINE = "\u001B[K";
const CLEAR_BELOW = "\u001B[J";

/** What a screen is made of. */
export interface ScreenOptions {
  readonly writer: SafeWriter;
  /** Whether the terminal breaks its lines anew when it becomes narrower. */
  readonly reflows: boolean;
  /** Others that write to the same terminal. */
  readonly neighbours: readonly ProgressStream[];
  /** Calls a function when the process ends; returns what forgets it. */
  readonly atExit: (fn: () => void) => () => void;
}

export class Screen implements ProgressOutput, Interceptor {
  /** Changed only while no bar is live. */
  theme: Theme;
  readonly #options: ScreenOptions;
  readonly #stream: ProgressStream;
  /** In the order in which they stand below each other. */
  #meters: Meter[] = [];
  /** Of the lines of the last frame, in cells; empty when none is on the terminal. */
  #widths: number[] = [];
  /** Of the terminal when the last frame was drawn. */
  #columns = 0;
  #frame = "";
  #drawnAt = Number.NEGATIVE_INFINITY;
  /** Whether no frame was drawn since it was opened. */
  #isFirst = true;
  /** Somebody's line is not complete (S3). */
  #isAside = false;
  #clock: Clock | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #forgetTimer: (() => void) | undefined;
  #closing: (() => void)[] = [];

  constructor(theme: Theme, options: ScreenOptions) {
    this.theme = theme;
    this.#options = options;
    this.#stream = options.writer.stream;
  }

  get isOpen(): boolean {
    return this.#clock !== undefined;
  }

  add(meter: Meter): void {
    if (!this.#clock) this.#open(meter.clock);
    let at = meter.parent ? this.#meters.indexOf(meter.parent) + 1 : 0;
    if (at === 0) at = this.#meters.length;
    else while (at < this.#meters.length && this.#meters[at]!.depth >= meter.depth) at += 1;
    this.#meters.splice(at, 0, meter);
    this.#drawSoon();
  }

  look(_meter: Meter, now: number): void {
    if (now - this.#drawnAt >= REDRAW_MS) this.#draw();
  }

  end(): void {
    if (this.#meters.some(({ ending }) => !ending)) this.#drawSoon();
    else this.#finish();
  }

  log(text: string): void {
    this.before();
    this.#options.writer.write(`${this.#isAside ? "\n" : ""}${text}\n`);
    this.after(true);
  }

  before(): void {
    if (this.#widths.length === 0) return;
    this.#options.writer.write(`${this.#rise()}${CLEAR_BELOW}`);
    this.#widths = [];
  }

  after(isWhole: boolean): void {
    this.#isAside = !isWhole;
    if (this.#clock) this.#drawSoon();
  }

  #open(clock: Clock): void {
    this.#clock = clock;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
    this.#isFirst = true;
    const { atExit, neighbours } = this.#options;
    const onResize = (): void => this.#draw();
    this.#stream.on?.("resize", onResize);
    this.#closing = [
      atExit(() => {
        for (const meter of this.#meters) meter.end("stopped", undefined);
        this.#finish();
      }),
      () => this.#stream.off?.("resize", onResize),
      ...[this.#stream, ...neighbours].map((stream) => intercept(stream, this)),
    ];
  }

  /** The last bar has ended. */
  #finish(): void {
    if (this.#isAside) this.#options.writer.write("\n");
    this.#isAside = false;
    this.#draw();
    for (const close of this.#closing.splice(0)) close();
    this.#forgetTimer?.();
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#clock = undefined;
  }

  /** Now, unless the last frame is too young. */
  #drawSoon(): void {
    const age = this.#clock!.now() - this.#drawnAt;
    if (age >= SHORTEST_MS) this.#draw();
    else this.#drawIn(SHORTEST_MS - age);
  }

  #drawIn(ms: number): void {
    const at = this.#clock!.now() + ms;
    if (at >= this.#timerAt) return;
    this.#forgetTimer?.();
    this.#timerAt = at;
    const fire = (): void => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      if (this.#options.writer.isBusy) this.#drawIn(REDRAW_MS);
      else this.#draw();
    };
    this.#forgetTimer = this.#clock!.after(ms, fire, true);
  }

  #draw(): void {
    const now = this.#clock!.now();
    this.#drawnAt = now;
    const isLive = this.#meters.some(({ ending }) => !ending);
    if (isLive) this.#drawIn(REDRAW_MS);
    if (this.#isAside) return;
    const columns = this.#stream.columns || USUAL_COLUMNS;
    const rows = Math.max(1, (this.#stream.rows || USUAL_ROWS) - 1);
    const over = this.#takeOver(rows);
    const isCrowded = this.#meters.length > rows;
    const shown = isCrowded ? this.#meters.slice(0, rows - 1) : this.#meters;
    const views = [...over, ...shown].map((meter) => meter.view(now));
    const lines = layOut(views, columns - 1, this.theme);
    const ended = lines.splice(0, over.length);
    if (isCrowded) lines.push(this.#moreText(this.#meters.length - shown.length, columns - 1));
    this.#write(ended, lines, columns);
  }

  #moreText(count: number, room: number): string {
    return `${this.theme.ellipsis} ${count} more`.slice(0, Math.max(0, room));
  }

  /** Takes the bars out of the list that are no longer drawn again (S4), and returns those that stay for good. */
  #takeOver(rows: number): Meter[] {
    const over = new Set<Meter>();
    for (const meter of this.#meters) if (meter.ending && !meter.stays) over.add(meter);
    for (let at = 0; at < this.#meters.length;) {
      const next = this.#meters.findIndex(({ depth }, index) => index > at && depth === 0);
      const group = this.#meters.slice(at, next < 0 ? undefined : next);
      if (group.some(({ ending }) => !ending)) break;
      for (const meter of group) over.add(meter);
      at += group.length;
    }
    if (this.#meters.length - over.size > rows) {
      for (const meter of this.#meters) if (meter.ending) over.add(meter);
    }
    if (over.size === 0) return [];
    this.#meters = this.#meters.filter((meter) => !over.has(meter));
    return [...over].filter(({ stays }) => stays);
  }

  #write(ended: readonly string[], lines: readonly string[], columns: number): void {
    const frame = lines.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    const isSame = frame === this.#frame && columns === this.#columns && this.#widths.length === lines.length;
    if (isSame && ended.length === 0) return;
    const above = ended.map((line) => `${line}${CLEAR_LINE}\n`).join("");
    this.#options.writer.write(`${this.#begin(columns)}${above}${frame}${CLEAR_BELOW}`);
    this.#frame = frame;
    this.#columns = columns;
    this.#widths = lines.map((line) => displayWidth(stripVTControlCharacters(line)));
  }

  /** To the beginning of the first line of the frame. */
  #begin(columns: number): string {
    if (!this.#isFirst) return this.#rise();
    this.#isFirst = false;
    // Somebody may have written a part of a line. From the beginning of a line so many spaces stay in it, from anywhere
    // else they lead to the next: zsh does so before it prompts.
    return `${" ".repeat(columns - 1)}\r${CLEAR_LINE}`;
  }

  /** To the beginning of the first line of the last frame. */
  #rise(): string {
    const columns = this.#stream.columns || USUAL_COLUMNS;
    const isBroken = this.#options.reflows && columns < this.#columns;
    const rows = (width: number): number => (isBroken ? Math.max(1, Math.ceil(width / columns)) : 1);
    const above = this.#widths.reduce((sum, width) => sum + rows(width), 0);
    return above > 0 ? `\r\u001B[${above}A` : "\r";
  }
}
