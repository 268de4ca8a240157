import type { Database } from "../database/database.js";
import { unlessAborted } from "../database/unless-aborted.js";

/** How long a description is believed, in ms: reading it for each prompt would cost more than most queries. */
const BELIEVED = 60_000;

/** What a database looks like, read once for all that ask at the same time, and again when it is old. */
export class SchemaCache {
  readonly #database: Database;
  readonly #objects: readonly string[] | undefined;
  #reading: Promise<string> | undefined;
  #readAt = 0;

  constructor(database: Database, objects: readonly string[] | undefined) {
    this.#database = database;
    this.#objects = objects;
  }

  read(signal: AbortSignal | undefined): Promise<string> {
    if (this.#reading === undefined || performance.now() - this.#readAt > BELIEVED) {
      this.#readAt = performance.now();
      // One that fails is not kept; one that is given up by whoever asked first goes on for the others.
      const reading = this.#read();
      reading.catch(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
      this.#reading = reading;
    }
    return unlessAborted(this.#reading, signal);
  }

  async #read(): Promise<string> {
    return this.#database.describe({ objects: this.#objects });
  }
}
