import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { taskGroup } from "manyhands";
import { describe, expect, it } from "vitest";
import { currentScope, runOutsideScopes } from "../../dist/scope/current-scope.js";
import { turn } from "./outcomes.js";

describe("the current scope", () => {
  it("is that of the innermost group, through awaits and timers, and none outside", async () => {
    expect(currentScope()).toBeUndefined();
    await taskGroup(async (outer) => {
      const root = currentScope();
      await turn();
      expect(currentScope()).toBe(root);
      expect(currentScope()!.signal).toBe(outer.signal);
      await outer.spawn(async (signal) => {
        await turn();
        expect(currentScope()!.signal).toBe(signal);
      });
      await taskGroup(async (inner) => {
        await turn();
        expect(currentScope()!.signal).toBe(inner.signal);
        expect(currentScope()!.outer).toBe(root);
      });
      expect(currentScope()).toBe(root);
      expect(runOutsideScopes(currentScope)).toBeUndefined();
    });
    expect(currentScope()).toBeUndefined();
  });

  it("costs nothing where there never was a group", async () => {
    // In use, an AsyncLocalStorage follows every promise of the thread, on Node 20.
    const program = `
      import { TaskPool, taskGroup } from "manyhands";
      const state = globalThis[Symbol.for("manyhands.scope")];
      const pool = new TaskPool({ mode: "async" });
      await pool.submit(() => 1);
      await pool.stop();
      console.log(state.storage);
      await taskGroup(() => {});
      console.log(typeof state.storage);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stdout).toBe("undefined\nobject\n");
  });
});
