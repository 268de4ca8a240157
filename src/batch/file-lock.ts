/**
 * Keeps two runs from writing one file.
 *
 * Owns a socket that listens for as long as the run lives. No file that says "locked" is left behind, and no number of a
 * process that another may have got meanwhile: the system closes the socket with its process, however that ends.
 *
 * - On Linux the socket has an abstract name, on Windows it is a named pipe. There can be one of a name.
 * - Elsewhere a socket has a file, which stays when its process is killed. So each run listens at a name of its own, in a
 *   folder that belongs to the locked path, and then asks all others in it whether they live. K1. A run listens before it
 *   asks, so of two runs that begin at once at least one sees the other. K2. A name is never used again, so the file of a
 *   run that is dead can be removed by anybody. Two may refuse each other; neither is then written over.
 *
 * It holds on one machine, and on Linux within one network namespace: runs in two containers do not see each other.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long another run may take to say which process it is, in ms. It is there in any case. */
const ANSWER_WITHIN = 1000;

/** How locks are made known to others. */
export type LockKind = "name" | "folder";

/** A lock that is held. */
export interface FileLock {
  release(): void;
}

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number | undefined;
}

/**
 * Takes the lock of a path, or tells who has it.
 * @param path - the real path of the file
 */
export async function lockFile(path: string, kind: LockKind = lockKind()): Promise<FileLock | LockHolder> {
  // Names of files differ in case only where the system tells them apart.
  const name = process.platform === "linux" ? path : path.toLowerCase();
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return kind === "name" ? lockByName(hash) : lockByFolder(hash);
}

/** Tells a lock from its holder. */
export function isHeld(outcome: FileLock | LockHolder): outcome is FileLock {
  return "release" in outcome;
}

function lockKind(): LockKind {
  return process.platform === "linux" || process.platform === "win32" ? "name" : "folder";
}

async function lockByName(hash: string): Promise<FileLock | LockHolder> {
  const address = process.platform === "win32" ? `\\\\.\\pipe\\manyhands-${hash}` : `\0manyhands-${hash}`;
  for (;;) {
    const server = await listen(address);
    if (server) return held(server);
    const holder = await ask(address);
    // It ended between the two questions: try again.
    if (holder) return holder;
  }
}

async function lockByFolder(hash: string): Promise<FileLock | LockHolder> {
  // Paths of sockets are short: 104 bytes on macOS.
  const folder = join(tmpdir(), `manyhands-${hash.slice(0, 16)}`);
  await mkdir(folder, { recursive: true, mode: 0o777 });
  const own = randomUUID().slice(0, 13);
  const server = await listen(join(folder, own));
  if (!server) return { pid: undefined };
  for (const name of await readdir(folder)) {
    if (name === own) continue;
    const holder = await ask(join(folder, name));
    if (holder) {
      close(server);
      return holder;
    }
    await rm(join(folder, name), { force: true });
  }
  return held(server);
}

function held(server: Server): FileLock {
  return { release: () => close(server) };
}

/** Listens, and answers whoever connects with the number of this process; `undefined` when another does at this address. */
async function listen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // Whoever asks and does not go away keeps neither the lock nor the program.
    socket.unref();
    socket.end(`${process.pid}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.on("error", () => {});
      server.unref();
      resolve(server);
    });
  });
}

/** Who listens at an address; `undefined` when nobody does. */
async function ask(address: string): Promise<LockHolder | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = connect(address);
    const done = (holder: LockHolder | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(holder);
    };
    const timer = setTimeout(() => done({ pid: undefined }), ANSWER_WITHIN);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => (answer += text));
    socket.on("end", () => done({ pid: Number.parseInt(answer, 10) || undefined }));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      const isDead = code === "ECONNREFUSED" || code === "ENOENT" || code === "ENOTSOCK";
      done(isDead ? undefined : { pid: undefined });
    });
  });
}

/** The address is free at once, whatever connections there still are. */
function close(server: Server): void {
  server.close();
}
