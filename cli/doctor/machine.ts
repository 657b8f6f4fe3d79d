import { constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finding, failed, ok, warning } from '../../core/finding.ts';

const littleSpace = 1 << 30;
const sourceFolders = ['core', 'kernels', 'connectors', 'producer', 'processor', 'evaluate', 'serve', 'cli'];

/** What Sluice itself needs of this machine. */
export async function* machineFindings(): AsyncGenerator<Finding> {
  yield nodeFinding(process.versions.node);
  const root = rootOf(dirname(fileURLToPath(import.meta.url)));
  if (existsSync(join(root, 'tsconfig.build.json'))) {
    yield buildFinding(root);
    yield packagesFinding(root);
  } else yield ok('build', `installed under ${root}`);
  yield await folderFinding();
}

function nodeFinding(version: string): Finding {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return ok('node', version);
  return failed('node', `${version} is too old`, 'Install Node 20.19 or newer: https://nodejs.org');
}

/** The folder with package.json. */
function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) || folder === dirname(folder) ? folder : rootOf(dirname(folder));
}

function buildFinding(root: string): Finding {
  // Left by ./sluice, and by the compiler.
  const stamps = ['.built', '.tsbuildinfo-build'].map((name) => statSync(join(root, 'dist', name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const built = Math.max(...stamps);
  const newer = sourceFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
    .filter((file) => /(?<!\.test)\.ts$/.test(file) && statSync(join(root, file)).mtimeMs > built);
  if (newer.length === 0) return ok('build', 'newer than every source');
  return warning(
    'build',
    `older than ${newer.slice(0, 3).join(', ')}${newer.length > 3 ? ` and ${newer.length - 3} more` : ''}`,
    'Start Sluice by ./sluice, which builds what changed.',
  );
}

/** The stamp is left by ./sluice and run.sh; who installs by npm has none. */
function packagesFinding(root: string): Finding {
  const stamp = join(root, 'node_modules/.installed-lock');
  if (!existsSync(stamp)) return ok('packages', 'installed by npm');
  if (readFileSync(stamp).equals(readFileSync(join(root, 'package-lock.json')))) return ok('packages', 'those of package-lock.json');
  return warning('packages', 'not those of package-lock.json', 'Run `npm ci`.');
}

/** Where the command was started: stores and environment files go there unless another folder is named. */
async function folderFinding(): Promise<Finding> {
  const folder = process.cwd();
  const { bavail, bsize } = await statfs(folder);
  const left = bavail * bsize;
  const found = `${(left / 2 ** 30).toFixed(1)} GB left under ${folder}`;
  if (left < littleSpace) return warning('disk', found, 'Make room.');
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return warning('disk', `${found}, which cannot be written`, 'Start from a folder of your own, or name the store with an absolute store.path.');
  }
  return ok('disk', found);
}
