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

/** The functions that took most time themselves, of the profiles in a folder: there is one of each thread. */
export async function hottest(folder: string, most = 10): Promise<Hot[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'));
  if (files.length === 0) throw new Error(`no CPU profile was written to ${folder}`);
  const functions = new Map<string, { name: string; place: string; micros: number }>();
  let total = 0;
  for (const file of files) {
    const { nodes, samples, timeDeltas } = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const [i, id] of samples.entries()) {
      const { functionName, url, lineNumber } = frames.get(id)!;
      if (functionName === '(idle)' || (functionName === 'wait' && url === '')) continue;
      const { name, place } = url.startsWith('wasm:') ? wasmFunction(functionName) : { name: functionName || '(anonymous)', place: placeOf(url, lineNumber) };
      const key = `${name} ${place}`;
      const seen = functions.get(key) ?? { name, place, micros: 0 };
      seen.micros += timeDeltas[i];
      total += timeDeltas[i];
      functions.set(key, seen);
    }
  }
  return [...functions.values()]
    .sort((a, b) => b.micros - a.micros)
    .slice(0, most)
    .map(({ name, place, micros }) => ({ name, place, share: micros / total }));
}

/** AssemblyScript's names are paths: `kernels/simd/assembly/index/squaredDistances2`. */
function wasmFunction(path: string): { name: string; place: string } {
  const at = path.lastIndexOf('/');
  return at < 0 ? { name: path, place: 'WebAssembly' } : { name: path.slice(at + 1), place: `${path.slice(0, at)}.ts` };
}

function placeOf(url: string, line: number): string {
  if (url === '') return 'Node';
  if (!url.startsWith('file:')) return url;
  const path = fileURLToPath(url);
  // Packages may lie elsewhere, behind a link.
  const inside = path.split('/node_modules/').at(-1);
  if (inside !== path) return `${inside}:${line + 1}`;
  return `${relative(join(import.meta.dirname, '../..'), path)}:${line + 1}`;
}
