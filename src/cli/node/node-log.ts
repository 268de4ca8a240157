/** Writes what happens on a node: for people, or as lines of JSON. */
import type { NodeEvent } from "../../distributed/node/start-node.js";
import { hasColours } from "../../progress/terminal.js";
import { coloured, GRAY, RED } from "../../progress/theme.js";
import type { Streams } from "../command.js";
import { type EventLine, eventLine, type Level } from "./event-line.js";
import { plainJson } from "./plain-json.js";

const GREEN = 32;
const YELLOW = 33;
/** How long the same complaint is not said again, in ms. */
const REPEAT_MS = 10_000;
const COLOURS: Readonly<Record<Level, number | undefined>> = { INFO: undefined, WARN: YELLOW, ERROR: RED };

export interface LogSettings {
  readonly isJson: boolean;
  /** Only warnings and errors. */
  readonly isQuiet: boolean;
}

export class NodeLog {
  readonly #streams: Streams;
  readonly #settings: LogSettings;
  readonly #isColoured: boolean;
  /** What the broker said wrong last, and when. */
  #complaint = { text: "", at: 0 };

  constructor(streams: Streams, settings: LogSettings) {
    this.#streams = streams;
    this.#settings = settings;
    this.#isColoured = hasColours(streams.stderr, process.env);
  }

  /** Text that is for people only: the banner. */
  show(text: string): void {
    if (!this.#settings.isJson && !this.#settings.isQuiet) this.#streams.stderr.write(text);
  }

  /** Something that happened, with a line of its own, or without any. */
  event(event: NodeEvent, line: EventLine | undefined = eventLine(event)): void {
    if (line && isComplaint(event) && this.#isRepeated(line.text, event.at)) return;
    if (this.#settings.isJson) this.#streams.stdout.write(`${plainJson(event)}\n`);
    else if (line && (line.level !== "INFO" || !this.#settings.isQuiet)) {
      this.#streams.stderr.write(this.#format(event.at, line));
    }
  }

  /** Something that the command itself says. */
  say(kind: string, level: Level, text: string): void {
    const at = Date.now();
    if (this.#settings.isJson) this.#streams.stdout.write(`${plainJson({ kind, at, message: text })}\n`);
    else this.event({ kind: "stopping", at }, { level, text });
  }

  /** A broker that is away is missed by every connection, again and again. */
  #isRepeated(text: string, at: number): boolean {
    const { text: before, at: since } = this.#complaint;
    if (text === before && at - since < REPEAT_MS) return true;
    this.#complaint = { text, at };
    return false;
  }

  #format(at: number, { level, text, detail, mark }: EventLine): string {
    const colour = COLOURS[level];
    const shownLevel = colour === undefined ? level : coloured(level, colour, this.#isColoured);
    const shownText = mark
      ? text.replace(` ${mark.word}`, (word) => coloured(word, mark.isGood ? GREEN : RED, this.#isColoured))
      : text;
    const head = `${coloured(`[${timestamp(at)}]`, GRAY, this.#isColoured)} ${shownLevel} ${shownText}\n`;
    return detail === undefined ? head : `${head}${coloured(detail, GRAY, this.#isColoured)}\n`;
  }
}

function isComplaint({ kind }: { readonly kind: string }): boolean {
  return kind === "broker-error";
}

/** Of this machine's clock: `2026-11-26 04:50:00,123`. */
function timestamp(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, "0")}`;
}
