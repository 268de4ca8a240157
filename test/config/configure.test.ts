import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import type { ConfigSections, SectionName } from "../../dist/config/config-sections.js";
import { configure, configuredMode, configuredOptions, withConfig } from "../../dist/config/configure.js";
import { type Mode, MODES } from "../../dist/config/mode.js";

const MODULE = new URL("../../dist/config/configure.js", import.meta.url);
const SECTIONS: readonly SectionName[] = ["defaults", ...MODES];

function clear(): void {
  configure(Object.fromEntries(SECTIONS.map((section) => [section, undefined])));
}

afterEach(clear);

const key = fc.constantFrom("timeout", "grace", "capacity", "__proto__");
const options = fc
  .array(fc.tuple(key, fc.option(fc.nat(), { nil: undefined })), { maxLength: 3 })
  .map((entries): object => Object.fromEntries(entries));
const sections = fc.dictionary(fc.constantFrom(...SECTIONS), options, { maxKeys: 3, noNullPrototype: true });

/** What must come out, straight from the precedence: for each key, what the strongest that names it says. */
function expected(mode: Mode, base: ConfigSections, scopes: readonly ConfigSections[]): Map<string, unknown> {
  const strongestFirst = [base, ...scopes].toReversed().flatMap((layer) => [layer[mode], layer.defaults]);
  const found = new Map<string, unknown>();
  for (const layer of strongestFirst) {
    for (const [name, value] of Object.entries(layer ?? {})) if (!found.has(name)) found.set(name, value);
  }
  return found;
}

describe("configuredOptions", () => {
  it("is empty where nothing is configured", () => {
    for (const mode of MODES) expect(configuredOptions(mode)).toEqual({});
    expect(configuredMode()).toBeUndefined();
  });

  it.each<[what: string, base: ConfigSections, scopes: ConfigSections[], timeout: number | undefined]>([
    ["defaults of configure", { defaults: { timeout: 1 } }, [], 1],
    ["its section before its defaults", { thread: { timeout: 2 }, defaults: { timeout: 1 } }, [], 2],
    ["no other section", { process: { timeout: 2 }, defaults: { timeout: 1 } }, [], 1],
    ["withConfig's defaults before configure's section", { thread: { timeout: 2 } }, [{ defaults: { timeout: 3 } }], 3],
    ["withConfig's section before its defaults", {}, [{ thread: { timeout: 4 }, defaults: { timeout: 3 } }], 4],
    ["inner defaults before an outer section", {}, [{ thread: { timeout: 4 } }, { defaults: { timeout: 5 } }], 5],
    ["an outer one where the inner is silent", {}, [{ thread: { timeout: 4 } }, { thread: { grace: 5 } }], 4],
    [
      "nothing where the inner says undefined",
      {},
      [{ thread: { timeout: 4 } }, { thread: { timeout: undefined } }],
      undefined,
    ],
    ["an outer section where the inner is undefined", {}, [{ thread: { timeout: 4 } }, { thread: undefined }], 4],
  ])("takes %s", (_what, base, scopes, timeout) => {
    configure(base);
    const innermost = (): unknown => configuredOptions("thread").timeout;
    const nested = scopes.reduceRight<() => unknown>((inner, scope) => () => withConfig(scope, inner), innermost);
    expect(nested()).toBe(timeout);
  });

  it("merges key by key, the strongest that names a key winning", () => {
    fc.assert(
      fc.property(sections, fc.array(sections, { maxLength: 4 }), fc.constantFrom(...MODES), (base, scopes, mode) => {
        clear();
        configure(base);
        const innermost = (): object => configuredOptions(mode);
        const nested = scopes.reduceRight<() => object>((inner, scope) => () => withConfig(scope, inner), innermost);
        const result = nested();
        expect(new Map(Object.entries(result))).toEqual(expected(mode, base, scopes));
        expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
      }),
      { numRuns: 300 },
    );
  });

  it("takes objects as a whole", () => {
    configure({ defaults: { recycle: { afterCalls: 5, afterMemory: 6 } }, thread: { recycle: { afterCalls: 7 } } });
    expect(configuredOptions("thread")).toEqual({ recycle: { afterCalls: 7 } });
  });

  it("leaves out the mode, which is decided already", () => {
    configure({ defaults: { mode: "process", timeout: 5 } });
    expect(configuredOptions("thread")).toEqual({ timeout: 5 });
    expect(configuredOptions("thread")).not.toHaveProperty("mode");
  });
});

describe("configuredMode", () => {
  it.each<[base: ConfigSections, scopes: ConfigSections[], mode: Mode | undefined]>([
    [{ defaults: { mode: "process" } }, [], "process"],
    [{ defaults: { mode: "process" } }, [{ defaults: { mode: "sync" } }], "sync"],
    [{ defaults: { mode: "process" } }, [{ defaults: { mode: "sync" } }, { defaults: { mode: "async" } }], "async"],
    [{ defaults: { mode: "process" } }, [{ defaults: { timeout: 5 } }], "process"],
    [{ defaults: { mode: "process" } }, [{ defaults: { mode: undefined } }], undefined],
    [{ thread: { timeout: 5 } }, [{ sync: {} }], undefined],
  ])("of %j and %j is %s", (base, scopes, mode) => {
    configure(base);
    const nested = scopes.reduceRight<() => unknown>((inner, scope) => () => withConfig(scope, inner), configuredMode);
    expect(nested()).toBe(mode);
  });
});

describe("configure", () => {
  it("replaces the sections that it names, as a whole, and leaves the others", () => {
    configure({ thread: { timeout: 1, grace: 2 }, process: { timeout: 3 } });
    configure({ thread: { timeout: 4 } });
    expect(configuredOptions("thread")).toEqual({ timeout: 4 });
    expect(configuredOptions("process")).toEqual({ timeout: 3 });
  });

  it("clears a section that is undefined", () => {
    configure({ thread: { timeout: 1 }, process: { timeout: 3 } });
    configure({ thread: undefined });
    expect(configuredOptions("thread")).toEqual({});
    expect(configuredOptions("process")).toEqual({ timeout: 3 });
  });

  it("does not see what becomes of the object later", () => {
    const thread = { timeout: 1 };
    const config = { thread };
    configure(config);
    thread.timeout = 2;
    config.thread = { timeout: 3 };
    expect(configuredOptions("thread")).toEqual({ timeout: 1 });
  });

  it("cannot be changed through what it returns", () => {
    configure({ thread: { timeout: 1 } });
    (configuredOptions("thread") as { timeout: number }).timeout = 2;
    expect(configuredOptions("thread")).toEqual({ timeout: 1 });
  });

  it("changes nothing when any of its sections is refused (C2)", () => {
    configure({ thread: { timeout: 1 } });
    const refuse = (_options: object, section: SectionName): void => {
      if (section === "process") throw new RangeError("no luck");
    };
    expect(() => configure({ thread: { timeout: 2 }, process: {} }, refuse)).toThrow(new RangeError("no luck"));
    expect(configuredOptions("thread")).toEqual({ timeout: 1 });
  });

  it("lies behind withConfig where it is called inside, and holds afterwards", () => {
    withConfig({ thread: { timeout: 1 } }, () => {
      configure({ thread: { timeout: 2, grace: 3 } });
      expect(configuredOptions("thread")).toEqual({ timeout: 1, grace: 3 });
    });
    expect(configuredOptions("thread")).toEqual({ timeout: 2, grace: 3 });
  });

  it("is shared by two copies of the library, scopes included", async () => {
    // As the compiler made it: not the one in the linked file.
    const compiled = new URL("../../build/lib/config/configure.js", import.meta.url);
    const copy = (await import(/* @vite-ignore */ compiled.href)) as {
      readonly configure: typeof configure;
      readonly withConfig: typeof withConfig;
    };
    expect(copy.configure).not.toBe(configure);
    copy.configure({ thread: { timeout: 1 } });
    expect(configuredOptions("thread")).toEqual({ timeout: 1 });
    copy.withConfig({ thread: { timeout: 2 } }, () => expect(configuredOptions("thread")).toEqual({ timeout: 2 }));
  });

  it("does not reach into threads", async () => {
    configure({ thread: { timeout: 1 } });
    const code = `import(${JSON.stringify(MODULE.href)}).then(({ configuredOptions }) =>
      require("node:worker_threads").parentPort.postMessage(configuredOptions("thread")))`;
    const thread = withConfig({ thread: { grace: 2 } }, () => new Worker(code, { eval: true }));
    const seen = await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
    expect(seen).toEqual({});
  });

  it("takes options of any type, and the mode in defaults only", () => {
    interface Options {
      mode?: Mode | undefined;
      timeout?: number | undefined;
    }
    expectTypeOf<ConfigSections<Options>>().toExtend<ConfigSections>();
    expectTypeOf<ConfigSections<Options>["defaults"]>().toEqualTypeOf<Options | undefined>();
    expectTypeOf<NonNullable<ConfigSections<Options>["thread"]>>().toEqualTypeOf<{ timeout?: number | undefined }>();
    // @ts-expect-error -- there is no such section
    expectTypeOf<ConfigSections<Options>["fiber"]>();
  });
});
