/** Random sequences of everything that happens to members, against a model of what must be the case after each step. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { NodeFacts, PlaceRequest } from "../../dist/distributed/members/members.js";
import { givenAmounts, type Amounts, neededAmounts, needOf } from "../../dist/distributed/members/need.js";
import { factsOf, type MembersSetup, requestOf, setUpMembers } from "./members-setup.js";

interface ModelNode {
  readonly facts: NodeFacts;
  readonly total: Amounts;
  isDraining: boolean;
  isSilent: boolean;
}

interface ModelWorker {
  readonly request: PlaceRequest;
  readonly need: Amounts;
  node: string | undefined;
}

type Step =
  | { readonly kind: "join"; readonly facts: Pick<NodeFacts, "cpus" | "memory" | "resources" | "definitions"> }
  | { readonly kind: "place"; readonly owner: number; readonly name: string; readonly need: NodeFacts["resources"] }
  | { readonly kind: "release" | "withdraw" | "drain" | "leave" | "silence" | "wake" | "reap"; readonly pick: number }
  | { readonly kind: "owner-dies" };

const quantity = fc.integer({ min: 0, max: 8 }).map((quarter) => quarter / 4);
const definitions = fc.constantFrom<Record<string, string>>({ A: "1" }, { A: "1", B: "1" }, { A: "2", B: "1" });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("join" as const), facts: facts() }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("place" as const),
      owner: fc.nat(1),
      name: fc.constantFrom("A", "B"),
      need: fc.record({ cpus: quantity, memory: fc.nat(3), gpu: fc.constantFrom(0, 0, 0.3, 1) }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constantFrom<"release" | "withdraw" | "drain" | "leave" | "silence" | "wake" | "reap">(
        ...(["release", "release", "release", "withdraw", "drain", "leave", "silence", "wake", "reap"] as const),
      ),
      pick: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "owner-dies" as const }) },
);

function facts(): fc.Arbitrary<Pick<NodeFacts, "cpus" | "memory" | "resources" | "definitions">> {
  return fc.record({
    cpus: fc.constantFrom(0.5, 1, 2, 4),
    memory: fc.nat(6),
    resources: fc.constantFrom<Record<string, number>>({}, { gpu: 1 }, { gpu: 2 }),
    definitions,
  });
}

class Model {
  readonly nodes = new Map<string, ModelNode>();
  /** In the order of arrival. */
  readonly workers = new Map<string, ModelWorker>();

  on(node: string): ModelWorker[] {
    return [...this.workers.values()].filter((worker) => worker.node === node);
  }

  free(id: string): Amounts {
    const { total } = this.nodes.get(id)!;
    const free: Record<string, number> = { ...total };
    for (const { need } of this.on(id)) for (const [kind, amount] of Object.entries(need)) free[kind]! -= amount;
    return free;
  }

  canTake(id: string, { request, need }: ModelWorker): boolean {
    const { isDraining, isSilent, facts: said } = this.nodes.get(id)!;
    if (isDraining || isSilent || said.definitions[request.name] !== request.version) return false;
    const free = this.free(id);
    return Object.entries(need).every(([kind, amount]) => (free[kind] ?? 0) >= amount);
  }

  shareLeft(id: string, { need }: ModelWorker): number {
    const { total } = this.nodes.get(id)!;
    const free = this.free(id);
    return Math.min(1, ...Object.entries(need).map(([kind, amount]) => (free[kind]! - amount) / total[kind]!));
  }

  /** A node has room again. */
  fill(id: string): void {
    if (!this.nodes.has(id)) return;
    for (const worker of this.workers.values()) {
      if (worker.node === undefined && this.canTake(id, worker)) worker.node = id;
    }
  }

  bury(id: string): void {
    for (const [name, worker] of this.workers) if (worker.node === id) this.workers.delete(name);
    this.nodes.delete(id);
  }
}

let names = 0;

async function carryOut(now: Step, model: Model, setup: MembersSetup): Promise<void> {
  const { members } = setup;
  const pickOf = (list: Iterable<string>, pick: number): string | undefined => {
    const all = [...list];
    return all[pick % all.length];
  };
  names += 1;
  switch (now.kind) {
    case "join": {
      const said = factsOf(`n${names}`, now.facts);
      await members.joinNode(said);
      model.nodes.set(said.id, { facts: said, total: givenAmounts(said), isDraining: false, isSilent: false });
      model.fill(said.id);
      return;
    }
    case "place": {
      const { cpus, memory, gpu } = now.need as { cpus: number; memory: number; gpu: number };
      const request = requestOf(
        `w${names}`,
        { cpus, memory, resources: { gpu } },
        { owner: `o${now.owner}`, name: now.name, version: "1" },
      );
      const worker: ModelWorker = { request, need: neededAmounts(request.need), node: undefined };
      const placement = await members.place(request);
      const able = [...model.nodes.keys()].filter((id) => model.canTake(id, worker));
      if ("node" in placement) {
        expect(able).toContain(placement.node);
        const best = Math.max(...able.map((id) => model.shareLeft(id, worker)));
        expect(model.shareLeft(placement.node, worker)).toBeCloseTo(best, 9);
        worker.node = placement.node;
      } else {
        expect(able).toEqual([]);
        expect(placement.missing.text).toMatch(/\w/);
      }
      model.workers.set(request.worker, worker);
      return;
    }
    case "release":
    case "withdraw": {
      const placedOnly = [...model.workers].filter(([, { node }]) => now.kind === "withdraw" || node !== undefined);
      const name = pickOf(
        placedOnly.map(([id]) => id),
        now.pick,
      );
      if (name === undefined) return;
      const { node } = model.workers.get(name)!;
      await (now.kind === "release" ? members.release(name, node) : members.withdraw(name));
      model.workers.delete(name);
      if (node !== undefined) model.fill(node);
      return;
    }
    case "owner-dies":
      await members.leaveOwner("o1");
      await members.joinOwner("o1", { host: "here", pid: 1 });
      for (const [name, { request, node }] of model.workers) {
        if (request.owner === "o1" && node === undefined) model.workers.delete(name);
      }
      return;
    default: {
      const id = pickOf(model.nodes.keys(), now.pick);
      if (id !== undefined) await happen(now.kind, id, model, setup);
    }
  }
}

/** What happens to a node. */
async function happen(
  kind: "drain" | "leave" | "silence" | "wake" | "reap",
  id: string,
  model: Model,
  setup: MembersSetup,
): Promise<void> {
  const { members } = setup;
  const node = model.nodes.get(id)!;
  if (kind === "drain") {
    await members.closeNode(id);
    node.isDraining = true;
  } else if (kind === "leave") {
    await members.leaveNode(id);
    model.bury(id);
  } else if (kind === "silence") {
    await setup.expire("node", id);
    node.isSilent = true;
  } else if (kind === "wake") {
    const wasSilent = node.isSilent;
    expect(await members.beatNode(id, ["o0", "o1"], false)).toEqual({ isMember: true, deadOwners: [] });
    node.isSilent = false;
    if (wasSilent) model.fill(id);
  } else {
    // An owner reaps whoever is silent; its own lease is not touched.
    await setup.setSteady(true);
    const ids = [...model.nodes.keys()];
    const { dead } = await members.beatOwner("o0", ids, [], true);
    const silent = ids.filter((other) => model.nodes.get(other)!.isSilent);
    expect(dead.map((gone) => gone.node).toSorted()).toEqual(silent.toSorted());
    for (const other of silent) model.bury(other);
  }
}

async function compare(model: Model, { members }: MembersSetup): Promise<void> {
  const views = await members.nodes();
  expect(views.map(({ id }) => id).toSorted()).toEqual([...model.nodes.keys()].toSorted());
  for (const view of views) {
    const here = model.on(view.id).map(({ request }) => request.worker);
    expect(view.workers.map(({ id }) => id).toSorted()).toEqual(here.toSorted());
    expect(view.free).toEqual(needOf(model.free(view.id)));
    for (const free of Object.values(model.free(view.id))) expect(free).toBeGreaterThanOrEqual(0);
  }
  const waiting = [...model.workers.values()].filter(({ node }) => node === undefined);
  expect((await members.waitingFor()).reduce((sum, { count }) => sum + count, 0)).toBe(waiting.length);
  for (const worker of waiting) {
    for (const id of model.nodes.keys()) expect(model.canTake(id, worker)).toBe(false);
  }
}

it("never gives more than there is, and leaves nobody waiting who would fit", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 60 }), async (steps) => {
      await using setup = setUpMembers();
      for (const owner of ["o0", "o1"]) await setup.members.joinOwner(owner, { host: "here", pid: 1 });
      const model = new Model();
      for (const now of steps) {
        await carryOut(now, model, setup);
        await compare(model, setup);
      }
    }),
    { numRuns: Number(process.env.MANYHANDS_RUNS ?? 20) },
  );
});
