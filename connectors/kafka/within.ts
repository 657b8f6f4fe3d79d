/** Waits for the promise, but no longer than so many milliseconds. Whether it has come; a failure has too. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } catch {
    // What failed is over too; whoever closes has no more use for it.
    return true;
  } finally {
    clearTimeout(timer);
  }
}
