/** The names of keys: all of one prefix lie in one slot of Redis Cluster, as scripts touch several at once. */
export interface Keys {
  /** What all begin with. */
  readonly base: string;
  /** Hash: id of a node → what it said of itself, as JSON. */
  readonly nodes: string;
  /** Stream: what a node or a caller is told, by its id. */
  inbox(id: string): string;
  /** A key of a part of this library, such as `"limits"`. */
  of(part: string, ...rest: string[]): string;
  /** The prefix of the queues of BullMQ. */
  readonly queues: string;
}

export function keysOf(prefix: string): Keys {
  const base = `{${prefix}}`;
  return {
    base,
    nodes: `${base}:nodes`,
    inbox: (id) => `${base}:inbox:${id}`,
    of: (...parts) => [base, ...parts].join(":"),
    queues: `${base}:queue`,
  };
}
