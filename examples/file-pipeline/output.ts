/** What a program writes for the one at the terminal. */
import { relative } from "node:path";

const DEFAULT_COLUMNS = 80;

export function columns(): number {
  return process.stdout.columns ?? DEFAULT_COLUMNS;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A path as the one at the terminal would write it. */
export function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : short;
}

/** Ends the program when nobody reads its output any more: `npm start -- --help | head` closes the pipe early. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}
