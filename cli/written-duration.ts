const units: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** A span of time as it is written in a pipeline file, whole seconds from one second on: `500ms`, `90s`, `5m`, `2h`. */
export function writtenDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))}ms`;
  const rounded = Math.round(ms / 1000) * 1000;
  const [unit, size] = units.find(([, each]) => rounded % each === 0) as [string, number];
  return `${rounded / size}${unit}`;
}
