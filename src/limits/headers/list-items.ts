/**
 * The items of a header that came in several lines, or in one line joined by commas.
 *
 * Parts an HTTP date ("Wed, 21 Oct 2015 …") from the day of its week too, which it is read without.
 */
export function listItems(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",")).map((item) => item.trim());
}
