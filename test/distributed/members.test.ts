import { describe, expect, it } from "vitest";
import type { Connection } from "../../dist/distributed/broker/connection.js";
import type { NodeFacts, Placement, PlaceRequest } from "../../dist/distributed/members/members.js";
import type { Need } from "../../dist/distributed/members/need.js";
import { startRedis } from "#fixtures/redis.js";
import { factsOf, requestOf, setUpMembers } from "./members-setup.js";

const HERE = { host: "here", pid: 1 };

function nodeOf(placement: Placement): string {
  return "node" in placement ? placement.node : placement.missing.text;
}

function counts(names: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const name of names) result[name] = (result[name] ?? 0) + 1;
  return result;
}

/** The connection is lost, and comes back. */
async function reconnected(connection: Connection): Promise<void> {
  const ready = new Promise<void>((resolve) => connection.on("ready", resolve));
  const id = (await connection.call("CLIENT", "ID")) as number;
  void connection.call("CLIENT", "KILL", "ID", id, "SKIPME", "no").catch(() => {});
  await ready;
}

describe("placement", () => {
  it("spreads 4 one-cpu workers over two 2-cpu nodes; a fifth waits, says why, and goes to a third node", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinNode(factsOf("b"));
    await setup.openInbox("o");
    await members.joinOwner("o", HERE);
    const placed: string[] = [];
    for (const worker of ["w1", "w2", "w3", "w4"]) placed.push(nodeOf(await members.place(requestOf(worker))));
    expect(counts(placed.slice(0, 2))).toEqual({ a: 1, b: 1 });
    expect(counts(placed)).toEqual({ a: 2, b: 2 });

    const missing = { reason: "full", text: "it needs 1 cpu and 0 of 4 are free on 2 nodes" };
    expect(await members.place(requestOf("w5"))).toEqual({ missing });
    expect(await members.beatOwner("o", ["a", "b"], ["w5"], false)).toEqual({
      isMember: true,
      dead: [],
      placed: [],
      missing: [{ worker: "w5", missing }],
    });
    expect(await members.waitingFor()).toEqual([
      { name: "Hasher", version: "a1", need: { cpus: 1, memory: 0, resources: {} }, count: 1, missing },
    ]);
    expect(await setup.notices("o")).toEqual([]);

    await members.joinNode(factsOf("c"));
    const [notice] = await setup.notices("o");
    expect(members.readNotice(notice)).toEqual({ placed: { worker: "w5", node: "c" } });
    for (let again = 0; again < 2; again += 1) {
      const { placed: told } = await members.beatOwner("o", ["a", "b"], ["w5"], false);
      expect(told).toEqual([{ worker: "w5", node: "c" }]);
    }
    expect(await members.waitingFor()).toEqual([]);
  });

  it("prefers the node that has the largest share left, then the one with fewest workers", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("four", { cpus: 4 }));
    await members.joinNode(factsOf("other", { cpus: 4 }));
    await members.joinOwner("o", HERE);
    const two = [await members.place(requestOf("w1")), await members.place(requestOf("w2"))];
    expect(two.map(nodeOf).toSorted()).toEqual(["four", "other"]);
    await members.joinNode(factsOf("big", { cpus: 16 }));
    expect(nodeOf(await members.place(requestOf("w3", { cpus: 2 })))).toBe("big");
    // Workers that need nothing go where the fewest are.
    for (const worker of ["n1", "n2", "n3"]) await members.place(requestOf(worker, {}));
    expect((await members.nodes()).map((node) => node.workers.length)).toEqual([2, 2, 2]);
  });

  it("counts fractions, bytes and named resources exactly", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a", { cpus: 1, memory: 2 ** 40, resources: { gpu: 1, constructor: 2 } }));
    await members.joinOwner("o", HERE);
    const place = async (worker: string, need: Partial<Need>): Promise<string> =>
      nodeOf(await members.place(requestOf(worker, need)));
    for (let tenth = 0; tenth < 10; tenth += 1) expect(await place(`c${tenth}`, { cpus: 0.1 })).toBe("a");
    expect(await place("c10", { cpus: 0.001 })).toBe("it needs 0.001 cpus and 0 of 1 are free on 1 node");
    expect(await place("m1", { memory: 2 ** 40 - 1 })).toBe("a");
    expect(await place("m2", { memory: 1 })).toBe("a");
    expect(await place("m3", { memory: 1 })).toBe("it needs 1 byte of memory and 0 bytes of 1 TB are free on 1 node");
    expect(await place("g1", { resources: { gpu: 0.5 } })).toBe("a");
    expect(await place("g2", { resources: { gpu: 0.6 } })).toBe("it needs 0.6 'gpu' and 0.5 of 1 are free on 1 node");
    expect(await place("g3", { resources: { gpu: 0.5, constructor: 1 } })).toBe("a");
    const [view] = await members.nodes();
    expect(view!.free).toEqual({ cpus: 0, memory: 0, resources: { gpu: 0, constructor: 1 } });
    expect(view!.workers).toHaveLength(14);
    expect(view!.workers).toContainEqual({
      id: "g3",
      owner: "o",
      name: "Hasher",
      need: { cpus: 0, memory: 0, resources: { gpu: 0.5, constructor: 1 } },
    });
  });

  it("lets those that wait in by order of arrival, passing over those that do not fit", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await members.joinOwner("p", HERE);
    for (const worker of ["w1", "w2"]) await members.place(requestOf(worker));
    await members.place(requestOf("large", { cpus: 2 }));
    await members.place(requestOf("first", { cpus: 0.6 }));
    await members.place(requestOf("second", { cpus: 0.5 }, { owner: "p" }));
    await members.place(requestOf("third", { cpus: 0.4 }));
    await members.release("w1");
    const on = async (): Promise<string[]> => (await members.nodes())[0]!.workers.map(({ id }) => id).toSorted();
    expect(await on()).toEqual(["first", "third", "w2"]);
    await members.withdraw("second");
    for (const worker of ["first", "third", "w2"]) await members.release(worker);
    expect(await on()).toEqual(["large"]);
  });

  const here = { cpus: 1 };
  const cases: [string, NodeFacts[], Partial<Need>, string, string][] = [
    ["no node", [], here, "no-nodes", "no node is there: start one with `manyhands node`"],
    [
      "no node that knows the class",
      [factsOf("a", { definitions: {} }), factsOf("b", { definitions: { Other: "a1" } })],
      here,
      "no-definition",
      "none of the 2 nodes knows 'Hasher': start one with the module that defines it",
    ],
    [
      "other versions",
      [factsOf("a", { definitions: { Hasher: "b2" } }), factsOf("b", { definitions: { Hasher: "c3" } })],
      here,
      "version",
      "2 nodes have another version of 'Hasher' (b2 and c3, here a1): " +
        "start nodes with the same code, or give the definition a 'version'",
    ],
    [
      "another format",
      [factsOf("a", { format: 2 })],
      here,
      "format",
      "1 node speaks another format of messages (2, here 1): install the same version of manyhands on all",
    ],
    ["no such resource", [factsOf("a")], { resources: { gpu: 1 } }, "too-large", "no node has the resource 'gpu'"],
    [
      "too many cpus",
      [factsOf("a"), factsOf("b", { definitions: { Hasher: "b2" } })],
      { cpus: 3 },
      "too-large",
      "it needs 3 cpus and the only node has 2; 1 node has another version of 'Hasher'",
    ],
    [
      "too much memory, and a resource too few",
      [factsOf("a", { resources: { gpu: 1 } }), factsOf("b")],
      { memory: 2 * 2 ** 30, resources: { gpu: 2 } },
      "too-large",
      "it needs 2 GB of memory and no node has more than 953.7 MB, it needs 2 'gpu' and no node has more than 1",
    ],
    [
      "never together",
      [factsOf("a", { cpus: 1, resources: { gpu: 1 } }), factsOf("b")],
      { cpus: 2, resources: { gpu: 1 } },
      "too-large",
      "it needs 2 cpus and 1 'gpu' and no node has them together, even empty",
    ],
  ];
  it.each(cases)("says what is missing: %s", async (_, nodes, need, reason, text) => {
    await using setup = setUpMembers();
    for (const facts of nodes) await setup.members.joinNode(facts);
    await setup.members.joinOwner("o", HERE);
    expect(await setup.members.place(requestOf("w", need))).toEqual({ missing: { reason, text } });
  });

  it("says when the room is there, but not on one node", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a", { resources: { gpu: 1 } }));
    await members.joinNode(factsOf("b", { resources: { gpu: 1 } }));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("w1"));
    await members.place(requestOf("w2"));
    expect(nodeOf(await members.place(requestOf("w3", { cpus: 2 })))).toBe(
      "it needs 2 cpus and 2 of 4 are free on 2 nodes, at most 1 on one of them",
    );
    await members.joinNode(factsOf("c"));
    await members.withdraw("w3");
    expect(nodeOf(await members.place(requestOf("w4", { cpus: 2, resources: { gpu: 1 } })))).toBe(
      "it needs 2 cpus and 1 'gpu' and no node has them free together",
    );
  });

  it("gives a node that drains no more workers", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("w1"));
    await members.closeNode("a");
    expect(nodeOf(await members.place(requestOf("w2")))).toBe(
      "no node is there (1 is stopping): start one with `manyhands node`",
    );
    await members.release("w1");
    await members.joinNode(factsOf("a"));
    const [view] = await members.nodes();
    expect(view).toMatchObject({ draining: true, workers: [] });
    expect(await members.beatNode("a", [], false)).toEqual({ isMember: true, deadOwners: [] });
  });
});

describe("asked twice", () => {
  it("does everything once", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    const twice = async (act: () => Promise<unknown>): Promise<unknown> => {
      const first = await act();
      expect(await act()).toEqual(first);
      return first;
    };
    await twice(() => members.joinNode(factsOf("a", { cpus: 1 })));
    await twice(() => members.joinOwner("o", HERE));
    await twice(() => members.place(requestOf("w1")));
    await twice(() => members.place(requestOf("w2")));
    await twice(() => members.place(requestOf("w3")));
    await twice(() => members.joinNode(factsOf("a", { cpus: 1 })));
    expect((await members.nodes())[0]).toMatchObject({ free: { cpus: 0 }, workers: [{ id: "w1" }] });
    await twice(() => members.withdraw("w2"));
    await twice(() => members.release("w1"));
    expect((await members.nodes())[0]).toMatchObject({ free: { cpus: 0 }, workers: [{ id: "w3" }] });
    await twice(() => members.release("w3"));
    expect((await members.nodes())[0]).toMatchObject({ free: { cpus: 1 }, workers: [] });
    await twice(() => members.closeNode("a"));
    await twice(() => members.leaveNode("a"));
    await twice(() => members.leaveOwner("o"));
    expect(await members.nodes()).toEqual([]);
    await expect(members.joinNode(factsOf("a"))).rejects.toThrow(
      "Cannot join as node 'a' as a node of that id counts as dead: join under a new id",
    );
    await expect(members.place(requestOf("w"))).rejects.toThrow(
      "Cannot place worker 'w' as its owner 'o' counts as dead: join anew",
    );
  });

  it("lets a node that came back release no worker that is elsewhere by now", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("w"));
    await members.leaveNode("a");
    await members.joinNode(factsOf("b"));
    await members.place(requestOf("w"));
    await members.release("w", "a");
    expect((await members.nodes())[0]!.workers).toHaveLength(1);
    await members.release("w", "b");
    expect((await members.nodes())[0]!.workers).toEqual([]);
  });

  it("withdraws what is just being placed", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    const placed = members.place(requestOf("w"));
    await members.withdraw("w");
    expect(await placed).toEqual({ node: "a" });
    expect((await members.nodes())[0]!.workers).toEqual([]);
  });

  it("changes what a node gives and knows, and keeps what runs there", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("w1"));
    const other: Partial<PlaceRequest> = { name: "Other", version: "o1" };
    expect(nodeOf(await members.place(requestOf("w2", { cpus: 2 }, other)))).toContain("does not know 'Other'");
    await members.joinNode(factsOf("a", { cpus: 3, definitions: { Other: "o1" } }));
    expect((await members.nodes())[0]).toMatchObject({ free: { cpus: 0 }, workers: { length: 2 } });
    expect(nodeOf(await members.place(requestOf("w3")))).toContain("does not know 'Hasher'");
  });
});

describe("a server that failed", () => {
  it("is told again what it lost", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a", { cpus: 3 }));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("gone"));
    const rollBack = await setup.snapshot();
    await members.withdraw("gone");
    await members.place(requestOf("w1", { cpus: 2 }));
    await members.place(requestOf("w2", { cpus: 3 }));
    await rollBack();
    expect((await members.nodes())[0]!.workers).toMatchObject([{ id: "gone" }]);

    await reconnected(setup.connection);
    const news = await members.beatOwner("o", ["a"], ["w2"], false);
    expect(news.missing).toMatchObject([{ worker: "w2", missing: { reason: "full" } }]);
    expect((await members.nodes())[0]).toMatchObject({ free: { cpus: 1 }, workers: [{ id: "w1" }] });
    expect(await members.waitingFor()).toMatchObject([{ count: 1 }]);
  });

  it("is not told of workers that went with their node", async () => {
    await using setup = setUpMembers();
    const { members, connection } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await setup.openInbox("o");
    await members.place(requestOf("w1"));
    await members.leaveNode("a");
    await members.joinNode(factsOf("b"));
    for (const notice of await setup.notices("o")) members.readNotice(notice);
    await reconnected(connection);
    expect(await members.beatOwner("o", [], ["w1"], false)).toMatchObject({ placed: [], missing: [] });
    expect((await members.nodes())[0]!.workers).toEqual([]);
    expect(members.readNotice({ placed: { worker: 1 } })).toBeUndefined();
    expect(members.readNotice(null)).toBeUndefined();
  });

  it("refuses placements when its memory is full, but renews leases and takes room back", async () => {
    await using redis = await startRedis();
    await using setup = setUpMembers(redis.url);
    const { members, connection } = setup;
    await members.joinNode(factsOf("a", { cpus: 1 }));
    await members.joinOwner("o", HERE);
    await members.place(requestOf("w1"));
    await members.place(requestOf("w2"));
    await connection.call("CONFIG", "SET", "maxmemory", "1mb");
    await expect(members.place(requestOf("w3"))).rejects.toThrow(/OOM/);
    expect(await members.beatNode("a", ["o"], true)).toEqual({ isMember: true, deadOwners: [] });
    await members.release("w1");
    expect((await members.beatOwner("o", ["a"], ["w2"], true)).placed).toEqual([{ worker: "w2", node: "a" }]);
    await members.leaveNode("a");
    expect(await members.nodes()).toEqual([]);
  });
});
