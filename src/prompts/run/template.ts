import { closest } from "../../config/closest.js";
import { listWords } from "../../config/one-of.js";
import { show } from "../../config/show.js";

/** A place for a field: `{text}`, `{{text}}` or `{user.name}`; a backslash before it makes it plain text. */
const PLACE = /(\\?)(\{\{|\{)\s*([\p{L}_$][\p{L}\p{N}_$ -]*(?:\.[\p{L}\p{N}_$ -]+)*?)\s*(\}\}|\})/gu;
/** Names that are listed where one is missing. */
const MOST_LISTED = 8;

/** Text with places for the fields of an item. */
export interface Template {
  /** @throws {TypeError} naming a field that the item does not have */
  fill(item: unknown): string;
  /** Names of the fields, in the order in which they stand. */
  readonly fields: readonly string[];
}

/** Reads a template once, to be filled in for each of many items. Braces around anything but a name are plain text. */
export function compileTemplate(text: string): Template {
  const texts: string[] = [""];
  const fields: string[] = [];
  let end = 0;
  for (const { 0: whole, 1: backslash, 2: open, 3: name, 4: close, index } of text.matchAll(PLACE)) {
    // `{{text}`: the outer brace is plain text.
    const isUneven = open!.length !== close!.length;
    texts[texts.length - 1] += text.slice(end, index);
    end = index + whole.length;
    if (backslash !== "") texts[texts.length - 1] += whole.slice(1);
    else {
      if (isUneven && open === "{{") texts[texts.length - 1] += "{";
      fields.push(name!.trimEnd());
      texts.push(isUneven && close === "}}" ? "}" : "");
    }
  }
  texts[texts.length - 1] += text.slice(end);
  return {
    fields,
    fill: (item) => {
      let filled = texts[0]!;
      for (let place = 0; place < fields.length; place += 1) {
        filled += asText(valueOf(item, fields[place]!)) + texts[place + 1]!;
      }
      return filled;
    },
  };
}

/** An item that has no fields is the field `text`. */
function valueOf(item: unknown, name: string): unknown {
  const fields = typeof item === "object" && item !== null ? item : { text: item };
  if (Object.hasOwn(fields, name)) return (fields as Record<string, unknown>)[name];
  let value: unknown = fields;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) throw missing(name, fields);
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function missing(name: string, fields: object): TypeError {
  const names = Object.keys(fields);
  const hint = closest(name, names);
  const listed = names.length > MOST_LISTED ? `${listWords(names.slice(0, MOST_LISTED))}, …` : listWords(names);
  const remedy = hint ? `did you mean '${hint}'?` : names.length > 0 ? `it has ${listed}` : "it has none";
  return new TypeError(`Cannot fill in {${name}} as the item has no such field: ${remedy}`);
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? show(value));
}
