/** A server that counts its connections, and breaks as tests want it to. */
export class FakeServer {
  /** Connections that exist, those included that are being made or closed. */
  alive = 0;
  most = 0;
  made = 0;
  closed: number[] = [];
  /** What connecting rejects with. */
  error: Error | undefined;
  /** Connecting and closing wait for what is put here. */
  connecting: Promise<void> | undefined;
  closing: Promise<void> | undefined;
  readonly #open = new Set<Connection>();

  async connect(): Promise<Connection> {
    this.alive += 1;
    this.most = Math.max(this.most, this.alive);
    try {
      await this.connecting;
      if (this.error) throw this.error;
    } catch (error) {
      this.alive -= 1;
      throw error;
    }
    const connection = { id: ++this.made, isGood: true };
    this.#open.add(connection);
    return connection;
  }

  /** @throws when it was closed before */
  async close(connection: Connection): Promise<void> {
    if (!this.#open.delete(connection)) throw new Error(`Cannot close connection ${connection.id} a second time`);
    this.closed.push(connection.id);
    await this.closing;
    this.alive -= 1;
  }

  /** All that there are break. */
  restart(): void {
    for (const connection of this.#open) connection.isGood = false;
  }
}

export interface Connection {
  readonly id: number;
  isGood: boolean;
}

/** A promise that a test settles. */
export function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
