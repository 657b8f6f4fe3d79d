import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The vector kernels, translated from kernels/simd/assembly, as text in a module: nothing has to be found or read when they are used. */
export function vectorModuleFile(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kernels-'));
  try {
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
    // With `--debug` the module says what its functions are called, and a CPU profile with it: half a kilobyte, and the same code.
    const options = ['-O3', '--debug', '--enable', 'simd', '--runtime', 'minimal', '--noAssert', '--outFile', join(folder, 'module.wasm')];
    execFileSync(process.execPath, [compiler, 'kernels/simd/assembly/index.ts', ...options], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const lines = readFileSync(join(folder, 'module.wasm'), 'base64').match(/.{1,160}/g) ?? [];
    return `// Written by \`npm run generate\` from assembly/; do not edit.\nexport const wasm = \`\n${lines.join('\n')}\`;\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
