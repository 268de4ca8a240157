import { describeError } from "./failure-line.js";

/** How an item is read from its line, and what is written of what became of it. */
export interface LineFormat {
  /**
   * The item of a line of the input. Lines with nothing in them but spaces are no items, if it throws for them.
   * @throws what says why the line holds no item
   */
  readonly read: (line: string) => unknown;
  /** What follows the index in the line of an item that is done: fields as JSON without braces, as in `"output":1`. */
  readonly result: (value: unknown, index: number) => string;
  /** The same for an item that failed. */
  readonly failure: (line: string, error: unknown, index: number) => string;
}

/** JSON Lines: the item is the line, and its result is `output`. */
export const JSON_LINES: LineFormat = {
  read: (line) => JSON.parse(line) as unknown,
  result: (value) => `"output":${JSON.stringify(value) ?? "null"}`,
  failure: (line, error) => `"input":${line.trim()},"error":${JSON.stringify(describeError(error))}`,
};
