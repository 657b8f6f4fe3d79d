/**
 * Completes package-lock.json: npm leaves out the optional packages of other platforms when the registry in use does not
 * serve them, and then `npm ci` refuses the lock everywhere ("Missing: ... from lock file"). Adds an entry for each, with
 * os, cpu and libc read from its name, so that npm skips it where it does not fit. Also drops registry hosts (`resolved`).
 *
 *   npm run lock            resolve dependencies, then complete
 *   node scripts/complete-lock.mjs [--check] [file]
 *
 * Plain JavaScript, because it must run before anything is installed or built.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** The platform in a package name such as `@biomejs/cli-linux-arm64-musl`, told from its siblings where the name is silent about libc. */
function platform(name, siblings) {
  const words = name.slice(name.indexOf('/') + 1).split('-');
  const os = words.find((word) => systems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined && cpu !== 'wasm32') throw new Error(`cannot tell the platform of the optional package ${name} from its name`);
  const musl = words.includes('musl');
  const glibc = words.includes('gnu') || (os === 'linux' && siblings.has(`${name}-musl`));
  const libc = musl ? 'musl' : glibc ? 'glibc' : undefined;
  return { ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }), ...(os && { os: [os] }) };
}

/** True when node's resolution from package `from` (a key of the lock) finds `name`. */
function resolves(packages, from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (packages[`${base ? `${base}/` : ''}node_modules/${name}`]) return true;
    if (!base.includes('/node_modules/')) return Boolean(packages[`node_modules/${name}`]);
  }
}

function complete(lock) {
  const added = [];
  for (const [key, entry] of Object.entries(lock.packages)) {
    const siblings = new Set(Object.keys(entry.optionalDependencies ?? {}));
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (resolves(lock.packages, key, name)) continue;
      const version = range.replace(/^[~^]/, '');
      const { cpu, libc, os } = platform(name, siblings);
      // npm's own order of keys, so that a later npm changes no line.
      lock.packages[`node_modules/${name}`] = {
        version,
        ...(cpu && { cpu }),
        ...(entry.dev && { dev: true }),
        ...(libc && { libc }),
        optional: true,
        ...(os && { os }),
      };
      added.push(`${name}@${version}`);
    }
  }
  for (const entry of Object.values(lock.packages)) delete entry.resolved;
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { added, text: `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n` };
}

const check = process.argv.includes('--check');
const file = process.argv.slice(2).find((argument) => argument !== '--check') ?? 'package-lock.json';
const before = readFileSync(file, 'utf8');
const { added, text } = complete(JSON.parse(before));
if (check) {
  if (text !== before) {
    console.error(`${file} is incomplete (${added.length} optional packages missing); run: npm run lock`);
    process.exit(1);
  }
} else if (text !== before) {
  writeFileSync(file, text);
  console.log(`${file}: ${added.length} optional packages added`);
}
