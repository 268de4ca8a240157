import { worker } from "manyhands";

class Parser {
  #parsed = 0;

  async parse(line: string): Promise<number[]> {
    this.#parsed += 1;
    const numbers = line.split(",").map(Number);
    if (numbers.some(Number.isNaN)) throw new SyntaxError(`Not numbers: ${line}`);
    return numbers;
  }

  *split(line: string): Generator<string, void, undefined> {
    yield* line.split(",");
  }

  parsed(): number {
    return this.#parsed;
  }
}

export const ParserWorker = worker(import.meta, Parser);
