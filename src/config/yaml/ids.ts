/** Numbers of proxies and servers: given by place, around those that are written. */

/** Those whose number must be written, because their place would give them another. Cost: |items|², small lists. */
export function unusualIds<T extends { id: number }>(items: readonly T[], first: number): Set<T> {
  const written = new Set<T>();
  for (let wrong = findWrong(items, written, first); wrong; wrong = findWrong(items, written, first))
    written.add(wrong);
  return written;
}

function findWrong<T extends { id: number }>(items: readonly T[], written: Set<T>, first: number): T | undefined {
  const taken = new Set([...written].map((item) => item.id));
  let next = first;
  return items.find((item) => {
    if (written.has(item)) return false;
    while (taken.has(next)) next++;
    return item.id !== next++;
  });
}
