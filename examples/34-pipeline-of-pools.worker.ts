import { worker } from "manyhands";

/** Computes: a thread each. */
class Parser {
  parse({ path, body }: { path: string; body: string }): { path: string; words: number } {
    if (!body.endsWith("</p>")) throw new SyntaxError("The page is not complete");
    return {
      path,
      words: body
        .replaceAll(/<[^>]+>/g, "")
        .split(" ")
        .filter((word) => word !== "").length,
    };
  }
}

export const ParserWorker = worker(import.meta, Parser);
