/**
 * Sees to it that no child process outlives this one.
 *
 * A child leaves by itself when its connection closes, but one stuck in a loop never notices. When this process ends in
 * order, an exit handler kills what is left. When it is killed with SIGKILL nothing of it runs any more; so, on POSIX
 * systems, a shell of about 1 MB waits for the end of a pipe from this process, and then kills the children still
 * listed. On Windows libuv's job object ends children with their parent.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

/** Reads `+ pid` and `- pid` lines; at the end of input gives the children a moment, then kills those still listed. */
const SCRIPT = `
pids=" "
while read -r op pid; do
  case "$op" in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
[ "$pids" = " " ] && exit 0
sleep 0.3
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
`;

const children = new Set<ChildProcess>();
let reaper: Socket | undefined;
let isWatchingExit = false;

/** Kills `child` when this process ends, in whatever way. */
export function keepFromOutliving(child: ChildProcess): void {
  const { pid } = child;
  // It never started: its `error` event says why.
  if (pid === undefined) return;
  if (!isWatchingExit) {
    isWatchingExit = true;
    process.on("exit", () => {
      for (const living of children) living.kill("SIGKILL");
    });
  }
  children.add(child);
  tellReaper(`+ ${pid}\n`);
  child.once("exit", () => {
    children.delete(child);
    tellReaper(`- ${pid}\n`);
  });
}

function tellReaper(line: string): void {
  if (process.platform === "win32") return;
  if (reaper) {
    reaper.write(line);
  } else if (children.size > 0) {
    reaper = startReaper();
    for (const { pid } of children) reaper.write(`+ ${pid}\n`);
  }
}

function startReaper(): Socket {
  // A session of its own: Ctrl-C in the terminal must not end it before it has done its work.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/" });
  shell.on("error", (error) => {
    process.emitWarning(
      `Child processes may outlive a parent killed with SIGKILL as /bin/sh did not start: ${error.message}`,
    );
  });
  shell.on("exit", () => (reaper = undefined));
  shell.unref();
  const input = shell.stdin as Socket;
  // It may be killed by somebody; the exit handler still stands.
  input.on("error", () => {});
  input.unref();
  return input;
}
