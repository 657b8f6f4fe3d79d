import { readFileSync } from 'node:fs';

/** What the lines NAME=VALUE of a file set, the last word counting. */
export function settingsIn(file: string): Record<string, string> {
  return Object.fromEntries([...readFileSync(file, 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}
