/** The command that finishes what a command has begun, as it can be pasted into a shell. */
export function resumeCommand(argv: readonly string[], platform: NodeJS.Platform = process.platform): string {
  const others = argv.filter((argument) => argument !== "--overwrite" && argument !== "--resume");
  const end = others.indexOf("--");
  const at = end === -1 ? others.length : end;
  return ["manyhands", ...others.slice(0, at), "--resume", ...others.slice(at)]
    .map((argument) => quote(argument, platform))
    .join(" ");
}

function quote(argument: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  // A `#` begins a comment only at the start of a word.
  if (/^[\w@%+=:,./-][\w@%+=:,./#-]*$/.test(argument)) return argument;
  if (platform === "win32") return `"${argument.replaceAll('"', '\\"')}"`;
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
