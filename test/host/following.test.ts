import { expect, it } from "vitest";
import { startProgram } from "../conformance/run-program.js";

const isSlowed = Number(process.versions.node.split(".")[0]) < 24;

it.each(["expected", "unexpected"])(
  "promises are followed only from the first call on that goes on, and it is found itself when that is %s",
  async (how) => {
    const { code, stdout, stderr } = await startProgram("following.js", [how]).result;
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      "followed before": false,
      calls: "true,true,true",
      "followed after": isSlowed,
      outside: "none",
    });
  },
);
