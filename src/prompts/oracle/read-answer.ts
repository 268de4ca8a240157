import type { ExecuteResult, OracleLob } from "./driver.js";

/**
 * Reads what a block returned, while its connection is still open. NULL, which is how Oracle has the empty text as well,
 * is `""`.
 */
export async function readAnswer({ outBinds }: ExecuteResult): Promise<string> {
  const { ret } = (outBinds ?? {}) as { ret?: unknown };
  if (ret === null || ret === undefined) return "";
  const value = isLob(ret) ? await ret.getData() : ret;
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : String(value as number);
}

function isLob(value: unknown): value is OracleLob {
  return typeof value === "object" && value !== null && "getData" in value;
}
