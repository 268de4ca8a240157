/** What the system has against an address, as far as one can do something about it. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken: choose another, or 0 for any that is free",
  EACCES: "this user may not take that port: choose one from 1024 on",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such host",
};

/** The error of a server that cannot listen, in a sentence; the system's is its cause. */
export function listenError(host: string, port: number, cause: Error): Error {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return new Error(`Cannot listen on ${place} as ${REASONS[code] ?? message}`, { cause });
}
