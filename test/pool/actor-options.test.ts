import { afterEach, describe, expect, it, vi } from "vitest";
import { resolveBroker } from "../../dist/config/broker.js";
import { bytes } from "../../dist/config/bytes.js";
import { type ActorOptions, resolveActor } from "../../dist/pool/actor-options.js";
import { resolveOptions } from "../../dist/pool/options.js";

const BROKER = "redis://broker:6379";

describe("resolveActor", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("asks for one cpu and a thread, unless told", () => {
    const broker = resolveBroker(BROKER);
    expect(resolveActor("distributed", BROKER)).toEqual({
      broker,
      cpus: 1,
      memory: 0,
      resources: {},
      isolation: "thread",
    });
    const actor = { cpus: 0.5, memory: "512MB", resources: { gpu: 1 }, isolation: "process" } as const;
    expect(resolveActor("distributed", BROKER, actor)).toEqual({ ...actor, broker, memory: 512 * 2 ** 20 });
  });

  it("does not look for a broker in other modes, whatever the environment says", () => {
    vi.stubEnv("MANYHANDS_BROKER", "nowhere");
    expect(resolveActor("thread", undefined)).toBeUndefined();
    expect(() => resolveActor("distributed", undefined)).toThrow("its url must begin with redis://");
  });

  it.each<[ActorOptions, string]>([
    [{ cpus: -1 }, "Cannot set 'actor.cpus' as it must be a number from 0: current value is -1"],
    [{ cpus: Number.NaN }, "Cannot set 'actor.cpus'"],
    [{ resources: { gpu: "1" as unknown as number } }, "Cannot set 'actor.resources.gpu'"],
    [{ memory: "much" }, "Cannot set 'actor.memory' as it must be a number of bytes or a text such as '512MB'"],
    [{ isolation: "fork" as "thread" }, "Cannot set 'actor.isolation' as it must be one of 'thread', 'process'"],
    [{ cpu: 1 } as ActorOptions, "did you mean 'cpus'?"],
  ])("refuses %j", (actor, message) => {
    expect(() => resolveActor("distributed", BROKER, actor)).toThrow(message);
  });
});

describe("options of nodes", () => {
  it.each([
    [{ execArgv: ["--no-warnings"] }, "Cannot set 'execArgv' in mode 'distributed' as nodes have their own"],
    [{ env: {} }, "Cannot set 'env' in mode 'distributed' as nodes have their own"],
  ])("refuses %j", (options, message) => {
    expect(() => resolveOptions({ mode: "distributed", broker: BROKER, ...options })).toThrow(message);
  });

  it("knows two deliveries", () => {
    expect(resolveOptions({ delivery: "at-least-once" }).delivery).toBe("at-least-once");
    expect(() => resolveOptions({ delivery: "once" as "at-most-once" })).toThrow("Cannot set 'delivery'");
  });
});

describe("bytes", () => {
  it.each([
    [0, 0],
    [1.5, 2],
    ["1B", 1],
    ["2 kb", 2048],
    ["1.5GB", 1.5 * 2 ** 30],
    ["16GiB", 16 * 2 ** 30],
    ["1TB", 2 ** 40],
  ])("reads %j", (given, expected) => {
    expect(bytes("memory", given)).toBe(expected);
  });

  it.each(["", "GB", "1 XB", "-1GB", -1, Number.NaN, Number.POSITIVE_INFINITY, undefined])("refuses %j", (given) => {
    expect(() => bytes("memory", given)).toThrow("Cannot set 'memory' as it must be a number of bytes");
  });
});
