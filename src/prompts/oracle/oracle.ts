import type { BackendProvider } from "../profile/backend.js";
import { OracleBackend } from "./oracle-backend.js";
import { type OracleOptions, resolveOracle } from "./oracle-options.js";
import { SelectAi } from "./select-ai.js";

/**
 * Lets a profile ask an Oracle database, which asks the model itself: Select AI, over `DBMS_CLOUD_AI`.
 *
 * The profile owns the connections and closes them, unless it is given a {@link SelectAi}, which several can share and
 * which stays open. Nothing is connected before something is asked.
 *
 * @throws {TypeError | RangeError} for an option that is unknown or not valid, or a needed one that is not set
 * @throws {MissingPackageError} when `oracledb` is not installed
 * @example
 * await using profile = new Profile({ provider: oracle({ user: "ADMIN", password, connectString: "db_high" }) });
 * const { rows } = await profile.runSql("How many customers in San Francisco are married?");
 */
export function oracle(options: OracleOptions | SelectAi = {}): BackendProvider {
  if (options instanceof SelectAi) return { name: "oracle", openBackend: () => new OracleBackend(options, false) };
  // Bad options are refused where they are written.
  resolveOracle(options);
  return { name: "oracle", openBackend: () => new OracleBackend(new SelectAi(options), true) };
}
