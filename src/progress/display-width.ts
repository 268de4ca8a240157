import { stripVTControlCharacters } from "node:util";

/**
 * What takes two cells without being an emoji: East Asian Width `W` and `F` of Unicode 17. Ranges are joined where what
 * lies between is unassigned.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{191d2}\u{1aff0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f1ae}-\u{1f1e5}\u{1f200}-\u{1f265}\u{1f6d9}\u{1f7da}\u{1fa8b}-\u{1fafa}\u{20000}-\u{3fffd}]/u;
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Nonspacing_Mark}\p{Enclosing_Mark}]$/u;
/** They stand beside the letter they belong to. */
const SPACING = /^[\p{Spacing_Mark}\uff00-\uffef]$/u;
const REGIONAL = /^\p{Regional_Indicator}$/u;
const EMOJI_CLUSTER =
  /^(?:\p{Emoji_Presentation}(?<!\p{Regional_Indicator})|\p{Emoji}\ufe0f|[\d#*]\ufe0f?\u20e3|\p{Regional_Indicator}{2}|\p{Extended_Pictographic}.*\u200d.*\p{Extended_Pictographic})/su;
const SIMPLE = /^[\u0020-\u007e]*$/;
const CONTROL = /[\p{Control}\p{Line_Separator}\p{Paragraph_Separator}]+/gu;

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character each. */
function* graphemes(text: string): Generator<string, void, undefined> {
  segmenter ??= new Intl.Segmenter();
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** How many cells of a terminal a text of one line takes. Characters of ambiguous width are taken to be narrow. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const cluster of graphemes(text)) width += clusterWidth(cluster);
  return width;
}

/**
 * How many cells more a text takes in a terminal that joins no emoji and draws each of their parts: none for most texts.
 */
export function unjoinedWidth(text: string): number {
  if (SIMPLE.test(text)) return 0;
  let width = 0;
  for (const cluster of graphemes(text)) {
    let sum = 0;
    for (const character of cluster) sum += characterWidth(character);
    width += Math.max(0, sum - clusterWidth(cluster));
  }
  return width;
}

/** A text of at most `width` cells; one that is longer ends with `ellipsis`, and no character is cut in two. */
export function truncate(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  if (room < 0) return "";
  let taken = "";
  let used = 0;
  for (const cluster of graphemes(text)) {
    used += clusterWidth(cluster);
    if (used > room) break;
    taken += cluster;
  }
  return taken.trimEnd() + ellipsis;
}

/** A text as it can stand in one line: without escape codes; what would move the cursor becomes a space. */
export function oneLine(text: string): string {
  if (SIMPLE.test(text)) return text;
  return stripVTControlCharacters(text).replaceAll(CONTROL, " ");
}

function clusterWidth(cluster: string): number {
  const isEmoji = EMOJI_CLUSTER.test(cluster);
  let width = isEmoji ? 2 : 0;
  for (const character of cluster) {
    const isPart = width > 0 && !SPACING.test(character) && (isEmoji || !WIDE.test(character));
    if (!isPart) width += characterWidth(character);
  }
  return width;
}

function characterWidth(character: string): number {
  if (INVISIBLE.test(character)) return 0;
  if (REGIONAL.test(character)) return 1;
  return WIDE.test(character) || /^\p{Emoji_Presentation}$/u.test(character) ? 2 : 1;
}
