/** Texts for simulated models, each to be told from all others. */

/** Numbers from 0 to 1, the same in each run (Park and Miller, 1988). */
function* numbers(): Generator<number, never> {
  for (let state = 1; ;) {
    state = (state * 16_807) % 2_147_483_647;
    yield state / 2_147_483_647;
  }
}

/** @param words - the least and the most; lengths are skewed to the shorter, as those of real prompts are */
export function makePrompts(count: number, [least, most]: readonly [number, number]): string[] {
  const random = numbers();
  return Array.from({ length: count }, (_, index) => {
    const words = Math.round(least + random.next().value ** 3 * (most - least));
    return `#${index}# ${"word ".repeat(words)}`;
  });
}

/** Prompts that have no answer, or that of another. */
export function countLost(answers: readonly (string | undefined)[]): number {
  return answers.filter((answer, index) => !answer?.includes(`#${index}#`)).length;
}
