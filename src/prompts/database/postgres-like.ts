/** What is used of the package `pg`: a pool, which may be a user's own. */
export interface PgPoolLike {
  readonly options?: { readonly max?: number | undefined };
  connect(): Promise<PgClientLike>;
  end(): Promise<void>;
  on?(event: "error", listener: (error: Error) => void): unknown;
}

/** A connection of such a pool. */
export interface PgClientLike {
  query(query: string | PgQuery): Promise<PgRows>;
  /** @param destroy - whether the connection is closed instead of used again */
  release(destroy?: boolean | Error): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  /** Its socket, where it has one in JavaScript. */
  readonly connection?: { readonly stream?: PgStream | undefined } | undefined;
  readonly processID?: number | null | undefined;
}

interface PgStream {
  on(event: "data", listener: (data: Uint8Array) => void): unknown;
  removeListener(event: "data", listener: (data: Uint8Array) => void): unknown;
  destroy(error?: Error): unknown;
}

interface PgQuery {
  readonly text: string;
  /** One statement alone, by the protocol itself. Versions of `pg` before 8.12 do not know it. */
  readonly queryMode?: "extended";
  readonly rowMode?: "array";
  readonly types?: { getTypeParser(id: number): (text: string) => unknown };
}

interface PgRows {
  readonly rows: readonly unknown[];
  readonly fields: readonly { readonly name: string }[];
}
