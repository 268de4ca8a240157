/** Switches the fast path off for all pools of the tests. */
import { configure } from "manyhands";

configure({ thread: { transport: "port" }, process: { transport: "port" } });
