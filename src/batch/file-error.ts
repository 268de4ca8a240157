/** What the codes of the system mean to somebody who wants to write or read a file. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EPERM: "this user may not",
  EROFS: "its file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is not a folder",
  ENOSPC: "the disk is full: make room, then resume",
  EDQUOT: "the quota of this user is used up: make room, then resume",
  EFBIG: "it would be larger than its file system or this user's limit allows",
  EMFILE: "too many files are open: raise the limit, as with ulimit -n",
  ENFILE: "too many files are open on this machine",
  EPIPE: "its reader is gone",
  EIO: "the device reports an error",
};

/**
 * The error of a file in a sentence, with the code and the error of the system.
 *
 * @param action - as in `"write out.jsonl"`
 */
export function fileError(action: "read" | "write", path: string, error: unknown): Error & { code?: string } {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const missing = action === "read" ? "there is no such file" : "its folder does not exist: make it first";
  const reason = code === "ENOENT" ? missing : (REASONS[code] ?? message);
  return Object.assign(new Error(`Cannot ${action} ${path} as ${reason}`, { cause: error }), code !== "" && { code });
}

/** Whether an error comes from the system and not from this program. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}
