/** Lua scripts: sent once, then called by their digest. */
import { createHash } from "node:crypto";
import type { Connection } from "./connection.js";

/** A script that Redis runs as one step. */
export class Script {
  readonly #source: string;
  readonly #digest: string;

  constructor(source: string) {
    this.#source = source;
    this.#digest = createHash("sha1").update(source).digest("hex");
  }

  /** Runs it; a server that does not know it, after a restart too, is sent it. */
  async run(
    connection: Connection,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    try {
      return await connection.call("EVALSHA", this.#digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return connection.call("EVAL", this.#source, keys.length, ...keys, ...args);
    }
  }
}
