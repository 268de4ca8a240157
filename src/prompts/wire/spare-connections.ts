/**
 * Connections that are opened before there are requests for them. Those that wait for the first answer of a server then
 * find them there, and need not wait for TCP and TLS as well, which is once there and back, or two or three times.
 *
 * Owns the connections that no request has taken yet; one that is taken is the agent's.
 *
 * S1. One that lies idle for a second is closed: servers close such ones, and no request must meet that.
 * S2. A process that has nothing else to do ends all the same.
 */
import type { Agent, ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** In ms. */
const KEPT = 1000;

export class SpareConnections {
  readonly #agent: Agent;
  readonly #connect: Agent["createConnection"];
  /** By the name that the agent has for their server. */
  readonly #spares = new Map<string, Set<Socket>>();
  /** How each connection of the agent was opened. */
  readonly #ways = new WeakMap<Duplex, ClientRequestArgs>();

  /** @param agent - takes a spare connection from now on where it would open one */
  constructor(agent: Agent) {
    this.#agent = agent;
    this.#connect = agent.createConnection.bind(agent);
    agent.createConnection = (way, done) => {
      const socket = this.#take(way) ?? this.#connect(way, done);
      if (socket) this.#ways.set(socket, way);
      return socket;
    };
  }

  /** Has as many in store as `count` says as soon as this connection, a new one of the agent, is there. */
  follow(socket: Socket, count: () => number): void {
    const way = this.#ways.get(socket);
    if (!way || !socket.connecting) return;
    const store = (): void => {
      if (!socket.destroyed) this.#store(way, count());
    };
    // Not before what waits for this connection is written to it.
    socket.once("encrypted" in socket ? "secureConnect" : "connect", () => setImmediate(store));
  }

  close(): void {
    for (const spares of this.#spares.values()) for (const spare of spares) spare.destroy();
  }

  #store(way: ClientRequestArgs, count: number): void {
    const name = this.#agent.getName(way);
    const spares = this.#spares.get(name) ?? new Set();
    this.#spares.set(name, spares);
    for (let missing = count - spares.size; missing > 0; missing -= 1) {
      // Through a proxy, it is told of later.
      const spare = this.#connect({ ...way }, (_, late?: Duplex) => late && keep(late as Socket, spares));
      if (spare) keep(spare as Socket, spares);
    }
  }

  #take(way: ClientRequestArgs): Socket | undefined {
    if (this.#spares.size === 0) return undefined;
    const spares = this.#spares.get(this.#agent.getName(way)) ?? [];
    for (const spare of spares) {
      if (!spare.writable) continue;
      release(spare, spares as Set<Socket>);
      return spare;
    }
    return undefined;
  }
}

function keep(spare: Socket, spares: Set<Socket>): void {
  spares.add(spare);
  spare.unref(); // S2
  spare.setTimeout(KEPT, expire); // S1
  // What breaks before it is used matters to nobody; without a listener it would end the process.
  spare.on("error", () => {});
  spare.once("close", () => spares.delete(spare));
}

function release(spare: Socket, spares: Set<Socket>): void {
  spares.delete(spare);
  spare.setTimeout(0, expire);
  spare.ref();
}

function expire(this: Socket): void {
  this.destroy();
}
