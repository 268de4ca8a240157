import { describe, expect, it } from "vitest";
import { LAST_ENTRY } from "../../dist/distributed/members/scripts/shared.js";
import { factsOf, requestOf, setUpMembers } from "./members-setup.js";

const HERE = { host: "here", pid: 1 };

describe("reaping", () => {
  it("ends a node whose lease ended: its owner is told, its inbox is gone, what waits goes elsewhere", async () => {
    await using setup = setUpMembers();
    const { members, connection, keys } = setup;
    await members.joinNode(factsOf("a"));
    await members.joinOwner("o", HERE);
    await setup.openInbox("o");
    await setup.openInbox("a");
    await members.place(requestOf("w1"));
    await members.place(requestOf("w2"));
    await members.place(requestOf("w3"));
    await connection.call("XADD", keys.inbox("a"), "7-1", "n", "1");
    await connection.call("XADD", keys.inbox("a"), "8-2", "n", "2");
    await connection.call("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", keys.inbox("a"), ">");
    await setup.expire("node", "a");
    await setup.setSteady(true);

    const dead = { node: "a", lastDelivered: "7-1" };
    const news = await members.beatOwner("o", ["a"], ["w3"], true);
    expect(news.dead).toEqual([dead]);
    expect(news.missing).toMatchObject([{ worker: "w3", missing: { reason: "no-nodes" } }]);
    expect((await setup.notices("o")).map((notice) => members.readNotice(notice))).toEqual([{ dead }]);
    expect(await connection.call("EXISTS", keys.inbox("a"))).toBe(0);
    expect(await members.nodes()).toEqual([]);
    expect(await connection.call("HLEN", keys.of("members", "definition", "Hasher"))).toBe(0);
    // A thawed node is fenced, and its id is used no more.
    expect(await members.beatNode("a", ["o"], true)).toEqual({ isMember: false, deadOwners: [] });
    await members.release("w1", "a");
    await expect(members.joinNode(factsOf("a"))).rejects.toThrow("counts as dead");

    await members.joinNode(factsOf("b"));
    const later = await members.beatOwner("o", ["a"], ["w3"], true);
    expect(later).toEqual({ isMember: true, dead: [dead], placed: [{ worker: "w3", node: "b" }], missing: [] });
    expect(await connection.call("PTTL", keys.of("members", "tomb", "a"))).toBeGreaterThan(3_500_000);
  });

  it("says that a node may have received everything when nobody knows what it received", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a"));
    await members.leaveNode("a");
    await members.joinOwner("o", HERE);
    const { dead } = await members.beatOwner("o", ["a", "never"], [], true);
    expect(dead).toEqual(["a", "never"].map((node) => ({ node, lastDelivered: LAST_ENTRY })));
  });

  it("ends an owner whose lease ended: its waiting workers go, nodes learn of it, their release gives room", async () => {
    await using setup = setUpMembers();
    const { members, connection, keys } = setup;
    await members.joinNode(factsOf("a"));
    for (const owner of ["o", "p"]) {
      await members.joinOwner(owner, HERE);
      await setup.openInbox(owner);
    }
    await members.place(requestOf("w1"));
    await members.place(requestOf("w2", { cpus: 1 }, { owner: "p" }));
    await members.place(requestOf("w3"));
    await members.place(requestOf("w4", { cpus: 1 }, { owner: "p" }));
    const said = { ...HERE, since: expect.any(Number) as number, leaseLeft: expect.any(Number) as number, workers: 2 };
    expect((await members.owners()).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: "o", ...said },
      { id: "p", ...said },
    ]);
    await setup.expire("owner", "o");
    await setup.setSteady(true);

    const told = { isMember: true, deadOwners: ["o"] };
    expect(await members.beatNode("a", ["o", "p"], true)).toEqual(told);
    expect(await members.beatNode("a", ["o", "p"], true)).toEqual(told);
    expect(await connection.call("EXISTS", keys.inbox("o"))).toBe(0);
    expect(await members.beatOwner("o", ["a"], ["w3"], true)).toMatchObject({ isMember: false });
    expect(await members.waitingFor()).toMatchObject([{ count: 1 }]);
    expect((await members.nodes())[0]!.workers.map(({ id }) => id).toSorted()).toEqual(["w1", "w2"]);
    await members.release("w1", "a");
    expect(await setup.notices("p")).toEqual([{ placed: { worker: "w4", node: "a" } }]);
    expect(await members.beatNode("a", ["p"], true)).toEqual({ isMember: true, deadOwners: [] });
  });

  it("takes back room for workers that a dead owner never began", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    await members.joinNode(factsOf("a", { cpus: 1 }));
    await members.joinOwner("o", HERE);
    await members.joinOwner("p", HERE);
    await members.place(requestOf("w1"));
    await members.place(requestOf("w2", { cpus: 1 }, { owner: "p" }));
    await members.leaveOwner("o");
    expect(await members.beatNode("a", [], false)).toEqual({ isMember: true, deadOwners: [] });
    expect((await members.nodes())[0]!.workers).toMatchObject([{ id: "w2" }]);
  });

  it("reaps nobody when not asked to, or when beats did not come for a while: the server may have been away", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    for (const id of ["a", "b"]) await members.joinNode(factsOf(id));
    await members.joinOwner("o", HERE);
    await members.joinOwner("p", HERE);
    const expire = async (): Promise<void> => {
      await setup.expire("node", "a");
      await setup.expire("owner", "p");
    };
    await expire();
    await setup.setSteady(true);
    await members.beatOwner("o", [], [], false);
    await members.beatNode("b", [], false);
    // As after a pause of the server: even who may reap does not.
    await setup.setSteady(false);
    await members.beatOwner("o", [], [], true);
    expect(await members.beatNode("b", ["p"], true)).toEqual({ isMember: true, deadOwners: [] });
    expect(await members.nodes()).toMatchObject([{ id: "a" }, { id: "b" }]);
    // Silent nodes get nothing; when they are heard of again they do.
    await setup.expire("node", "b");
    const placement = await members.place(requestOf("w"));
    expect(placement).toMatchObject({
      missing: { text: "no node is there (2 are silent): start one with `manyhands node`" },
    });
    expect(await members.beatNode("a", [], true)).toEqual({ isMember: true, deadOwners: [] });
    expect((await members.beatOwner("o", [], ["w"], true)).placed).toEqual([{ worker: "w", node: "a" }]);
    expect((await members.beatOwner("p", [], [], true)).isMember).toBe(true);
  });

  it("copes with 1,000 nodes, also when all of them die at once", async () => {
    await using setup = setUpMembers();
    const { members } = setup;
    const ids = Array.from({ length: 1000 }, (_, index) => `n${index}`);
    await Promise.all(ids.map((id) => members.joinNode(factsOf(id, { cpus: 4 }))));
    await members.joinOwner("o", HERE);
    const begun = performance.now();
    const nodes = new Set<string>();
    for (let worker = 0; worker < 50; worker += 1) {
      const placement = await members.place(requestOf(`w${worker}`));
      if ("node" in placement) nodes.add(placement.node);
    }
    expect(nodes.size).toBe(50);
    // About 2 ms on a quiet machine; the bound is for one that is busy with other tests.
    expect((performance.now() - begun) / 50).toBeLessThan(250);
    for (const id of ids) void setup.expire("node", id);
    await setup.setSteady(true);
    const dead: number[] = [];
    while ((dead.at(-1) ?? 0) < 1000) dead.push((await members.beatOwner("o", ids, [], true)).dead.length);
    expect(dead.length).toBe(16);
    expect(await members.nodes()).toEqual([]);
  });
});
