import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { findRegistration, type ModuleReference, moduleUrl, register } from "../dist/registry.js";

class One {}
class Two {}

let modules = 0;

/** What `import.meta` is to one evaluation of a module. */
function evaluation(url = `file:///module-${++modules}.js`): { url: string } {
  return { url };
}

describe("moduleUrl", () => {
  const path = process.platform === "win32" ? "C:\\work\\a b.js" : "/work/a b.js";

  it.each<[string, ModuleReference, string]>([
    ["import.meta", { url: "file:///work/a.js" }, "file:///work/a.js"],
    ["a URL", new URL("file:///work/a.js"), "file:///work/a.js"],
    ["the text of a URL", "file:///work/a.js?x=1", "file:///work/a.js?x=1"],
    ["a data: URL", "data:text/javascript,1", "data:text/javascript,1"],
    ["__filename", path, pathToFileURL(path).href],
  ])("takes %s", (_name, reference, url) => {
    expect(moduleUrl(reference, "'Hasher'")).toBe(url);
  });

  it.each<[string, unknown, string]>([
    ["a relative path", "./a.js", "'./a.js'"],
    ["an empty text", "", "''"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a number", 5, "5"],
    ["a class", class Hasher {}, "Hasher"],
    ["an object without url", { file: "a.js" }, "file"],
    ["an object whose url is no text", { url: 5 }, "5"],
    ["an object without prototype", Object.create(null), "null prototype"],
  ])("refuses %s", (_name, reference, shown) => {
    const refused = (): string => moduleUrl(reference as ModuleReference, "'Hasher'");
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(
      /^Cannot define 'Hasher' as its first argument must be import\.meta, a file URL or __filename: current value is /,
    );
    expect(refused).toThrow(shown);
  });
});

describe("register", () => {
  it("adds what findRegistration finds", () => {
    const meta = evaluation();
    const registration = register(meta, "Hasher", One);
    expect(registration).toMatchObject({ url: meta.url, name: "Hasher", target: One });
    expect(findRegistration(registration.key)).toBe(registration);
    expect(findRegistration(`${meta.url}#Other`)).toBeUndefined();
  });

  it("gives the same keys to the same module wherever it is loaded, in the order of its definitions", () => {
    const url = evaluation().url;
    const names = ["Hasher", "Parser", "Hasher", "Hasher", "Parser"];
    const load = (): string[] => {
      const meta = evaluation(url);
      return names.map((name) => register(meta, name, One).key);
    };
    const keys = load();
    expect(new Set(keys).size).toBe(names.length);
    expect(load()).toEqual(keys);
  });

  it("gives different keys to the same name in different modules, and to different names in one", () => {
    const [one, other] = [evaluation(), evaluation()];
    const keys = [register(one, "A", One), register(one, "B", One), register(other, "A", One)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
  });

  it("keeps apart two definitions of a name, each with its own class", () => {
    const meta = evaluation();
    const [first, second] = [register(meta, "Hasher", One), register(meta, "Hasher", Two)];
    expect(findRegistration(first.key)?.target).toBe(One);
    expect(findRegistration(second.key)?.target).toBe(Two);
  });

  it("replaces the definitions of a module that is evaluated anew", () => {
    const { url } = evaluation();
    const { key } = register(evaluation(url), "Hasher", One);
    register(evaluation(url), "Hasher", Two);
    expect(findRegistration(key)?.target).toBe(Two);
  });

  it("gives a name the same key however the module refers to itself", () => {
    const { url } = evaluation();
    const keys = [{ url }, new URL(url), url].map((reference) => register(reference, "Hasher", One).key);
    expect(new Set(keys).size).toBe(1);
  });

  it("names what cannot be defined", () => {
    expect(() => register("a.js", "Hasher", One)).toThrow(/^Cannot define 'Hasher' as /);
  });
});
