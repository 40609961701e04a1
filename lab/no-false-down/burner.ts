/** Keeps one core busy until its time is over. */
export function burn({ seconds }: { readonly seconds: number }): void {
  const end = performance.now() + seconds * 1000;
  // What the loop adds up does not matter; that it is used keeps it from being optimized away.
  let sum = 0;
  while (performance.now() < end) for (let i = 0; i < 100_000; i++) sum += i ^ sum;
  if (Number.isNaN(sum)) process.exitCode = 1;
}
