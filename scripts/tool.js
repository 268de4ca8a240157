// @ts-check
import { execFile, spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Finds the JavaScript file behind a development tool's command, so that Node can start it on every platform without
 * a shell.
 *
 * @param {string} packageName
 * @param {string} [command] defaults to the package's name
 */
function toolPath(packageName, command = packageName) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bin === "string" ? bin : bin[command]);
}

/**
 * @typedef {object} RunOptions
 * @property {boolean} [show] pass the output through as it comes, instead of returning it
 * @property {number} [timeout] milliseconds after which the program is killed
 */

/**
 * Runs a development tool to its end in the root folder.
 *
 * @param {[packageName: string, command?: string]} name
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function runTool([packageName, command], args, options) {
  return runNode([toolPath(packageName, command), ...args], options);
}

/**
 * Runs Node with the given arguments to its end in the root folder.
 *
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {{ exitCode: number, stdout: string, output: string }} `output` is stdout, then stderr
 */
export function runNode(args, { show = false, timeout } = {}) {
  const color = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...color },
    killSignal: "SIGKILL",
    maxBuffer: 64 * 1024 * 1024,
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
    timeout,
  });
  const stdout = result.stdout ?? "";
  const ending = result.error?.message ?? (result.signal ? `Killed by ${result.signal}` : "");
  return { exitCode: result.status ?? 1, stdout, output: `${stdout}${result.stderr ?? ""}${ending && `${ending}\n`}` };
}

/**
 * As `runNode`, beside other programs: with the output as a whole, and stopped by force after `timeout` ms.
 *
 * @param {string[]} args
 * @param {number} timeout
 * @param {Record<string, string>} [env] on top of what is there
 * @returns {Promise<{ exitCode: number, stdout: string, output: string }>}
 */
export async function runNodeBeside(args, timeout, env = {}) {
  return new Promise((resolve) => {
    /** @type {import("node:child_process").ExecFileOptionsWithStringEncoding} */
    const options = {
      cwd: root,
      env: { ...process.env, ...env },
      encoding: "utf8",
      killSignal: "SIGKILL",
      maxBuffer: 64 * 1024 * 1024,
      timeout,
    };
    const child = execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const ending = error?.signal ? `Killed by ${error.signal}\n` : "";
      resolve({ exitCode: error ? (child.exitCode ?? 1) : 0, stdout, output: `${stdout}${stderr}${ending}` });
    });
  });
}

/**
 * Whether the module with this URL is the program that was started, not one that another module imports.
 *
 * @param {string} url `import.meta.url` of the asking module
 */
export function isMain(url) {
  const program = process.argv[1];
  // Node resolves links in a module's URL, not in the program's path.
  return program !== undefined && realpathSync(program) === fileURLToPath(url);
}
