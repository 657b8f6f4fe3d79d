import { existsSync, readFileSync } from 'node:fs';

/** From package.json, which is beside cli/ in the sources and one folder up in the build. */
export function version(): string {
  let file = new URL('../package.json', import.meta.url);
  if (!existsSync(file)) file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
