import { atLeast } from "../../config/at-least.js";
import { checkRecord } from "../../config/check-fields.js";
import { show } from "../../config/show.js";
import type { Account } from "../provider.js";

/** @throws {TypeError | RangeError} when accounts have no names, the same name, or limits that are none */
export function checkAccounts(path: string, accounts: readonly Account[]): void {
  if (!Array.isArray(accounts) || accounts.length === 0) {
    throw new TypeError(`Cannot set '${path}' as it must be a list of at least one`);
  }
  const names = new Set<string>();
  accounts.forEach((account: Account, index) => {
    const own = `${path}[${index}]`;
    checkRecord(own, account);
    const { name, rpm, tpm, concurrency } = account;
    if (typeof name !== "string" || name.trim() === "") {
      throw new TypeError(`Cannot set '${own}.name' as it must be a text: current value is ${show(name)}`);
    }
    checkRate(`${own}.rpm`, rpm);
    checkRate(`${own}.tpm`, tpm);
    if (concurrency !== undefined) atLeast(`${own}.concurrency`, concurrency, 1);
    if (names.has(name)) {
      throw new TypeError(`Cannot set '${path}' as each must have a name of its own: two are '${name}'`);
    }
    names.add(name);
  });
}

function checkRate(path: string, rate: number | undefined): void {
  if (rate === undefined || (typeof rate === "number" && rate > 0)) return;
  throw new RangeError(`Cannot set '${path}' as it must be a number above 0: current value is ${show(rate)}`);
}
