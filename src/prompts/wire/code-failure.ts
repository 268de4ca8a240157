import type { ModelFailure } from "../../errors.js";

/** Codes of Node.js, undici and axios for what failed beneath HTTP. */
const NETWORK: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_NODATA",
  "EAI_NONAME",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "EADDRNOTAVAIL",
  "EPROTO",
  "EMFILE",
  "ENFILE",
  "ERR_NETWORK",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_SOCKET",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "UND_ERR_ABORTED",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
]);

const TIMEOUT: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "ECONNABORTED",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** Certificates do not mend themselves while one waits, nor do arguments. */
const REFUSED =
  /^(?:CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_INVALID_\w+|UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED)$/;

/** What went wrong, by the `code` of an error of the platform; nothing where the code does not tell. */
export function codeFailure(code: unknown): ModelFailure | undefined {
  if (typeof code !== "string") return undefined;
  if (NETWORK.has(code) || code.startsWith("HPE_")) return "network";
  if (TIMEOUT.has(code)) return "timeout";
  return REFUSED.test(code) ? "refused" : undefined;
}
