import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Hot } from './result.ts';

/** As `node --cpu-prof` writes it; times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions that took most time themselves, of the largest profile in a folder: that of the main thread. */
export async function hottest(folder: string, most = 10): Promise<Hot[]> {
  const texts = await Promise.all((await readdir(folder)).filter((file) => file.endsWith('.cpuprofile')).map((file) => readFile(join(folder, file), 'utf8')));
  if (texts.length === 0) throw new Error(`no CPU profile was written to ${folder}`);
  const { nodes, samples, timeDeltas } = JSON.parse(texts.sort((a, b) => b.length - a.length)[0]) as CpuProfile;
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, { name: string; place: string; micros: number }>();
  let total = 0;
  for (const [i, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id)!;
    const place = placeOf(url, lineNumber);
    const name = functionName || '(anonymous)';
    if (name === '(idle)') continue;
    const key = `${name} ${place}`;
    const seen = functions.get(key) ?? { name, place, micros: 0 };
    seen.micros += timeDeltas[i];
    total += timeDeltas[i];
    functions.set(key, seen);
  }
  return [...functions.values()]
    .sort((a, b) => b.micros - a.micros)
    .slice(0, most)
    .map(({ name, place, micros }) => ({ name, place, share: micros / total }));
}

function placeOf(url: string, line: number): string {
  if (url === '') return 'Node';
  if (url.startsWith('wasm:')) return 'WebAssembly';
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  // Packages may lie elsewhere, behind a link.
  const inside = path.split('/node_modules/').at(-1);
  if (inside !== path) return `${inside}:${line + 1}`;
  return `${relative(join(import.meta.dirname, '../..'), path)}:${line + 1}`;
}
