// @ts-check
// Makes a clone ready to run: installs the dependencies that package-lock.json asks for and compiles what changed.
// Says nothing when there is nothing to do. Uses only what comes with Node, as nothing may be installed yet.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build, isBuildStale } from "./build.js";
import { root } from "./tool.js";

/**
 * Whether a package that the lock file asks for is missing from node_modules or there in another version. npm records
 * what it installed in node_modules/.package-lock.json.
 */
function isInstallStale() {
  const installedPath = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return true;
  const { packages: wanted } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages: installed } = JSON.parse(readFileSync(installedPath, "utf8"));
  return Object.entries(wanted).some(([path, { version, optional, devOptional, peer }]) => {
    if (path === "") return false;
    // Packages for other platforms are in the lock file and not on the disk.
    if (!installed[path]) return !(optional || devOptional || peer);
    return installed[path].version !== version;
  });
}

function install() {
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath ?? "";
  // On Windows npm is a batch file, which only a shell can start; npm's own script needs no shell.
  const { error, status } = basename(npm).startsWith("npm-cli")
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", "ignore", "inherit"] })
    : spawnSync(["npm", ...args].join(" "), { cwd: root, shell: true, stdio: ["ignore", "ignore", "inherit"] });
  if (error) fail(`Cannot install the dependencies as npm did not start: ${error.message}`);
  if (status !== 0) fail(`Cannot install the dependencies as 'npm ci' failed: exit code ${status}`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Cannot set up manyhands as it needs Node 20.19 or newer: current version is ${process.versions.node}`);
}
if (isInstallStale()) {
  say("Installing dependencies (npm ci)");
  install();
}
if (isBuildStale()) {
  say("Building (tsc -b)");
  const { exitCode, output } = build();
  if (exitCode !== 0) {
    process.stderr.write(output);
    fail(`Cannot build manyhands as the compiler reported errors: exit code ${exitCode}`);
  }
}
