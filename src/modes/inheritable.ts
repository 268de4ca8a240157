/**
 * What a child would do with it is not to run a worker: run that code, a test or a debugger of its own, or ask a person.
 * Nor can it listen on the port that the parent's inspector has.
 */
const PARENTS_OWN =
  /^(?:-e|-p|-pe|-c|-i|--(?:eval|print|check|interactive|input-type|run|test|test-.+|watch|watch-.+|inspect|inspect-(?:brk|wait|port)))(?:=|$)/;

/** What we told this host of its own start. */
const OWN_CONDITION = /^--conditions=manyhands-/;

/** Of the arguments of Node.js, those that a child process can have as well, with their values. */
export function inheritable(execArgv: readonly string[]): string[] {
  let isDropping = false;
  return execArgv.filter((argument) => {
    // What does not begin with a dash is the value of what stands before it: no script is among these arguments.
    if (argument.startsWith("-")) isDropping = PARENTS_OWN.test(argument) || OWN_CONDITION.test(argument);
    return !isDropping;
  });
}
