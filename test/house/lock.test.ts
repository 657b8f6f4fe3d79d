import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from './temporary-clone.ts';

interface Entry {
  version: string;
  resolved?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
interface Lock {
  packages: Record<string, Entry>;
}

const text = readFileSync(join(repository, 'package-lock.json'), 'utf8');
const lock = JSON.parse(text) as Lock;

function completeLock(content: Lock | string, ...flags: string[]) {
  const file = join(temporaryFolder('lock'), 'package-lock.json');
  writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  const run = spawnSync(process.execPath, [join(repository, 'scripts/complete-lock.mjs'), ...flags, file], { encoding: 'utf8' });
  return { ...run, text: readFileSync(file, 'utf8') };
}

describe('package-lock.json', () => {
  it('has an entry for every optional package of every platform', () => {
    const named = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(named.length).toBeGreaterThan(50);
    const nested = new Set(Object.keys(lock.packages).map((key) => key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length)));
    expect(named.filter((name) => !nested.has(name))).toEqual([]);
  });

  it('names no registry host', () => {
    expect(text).not.toMatch(/"resolved"/);
    const hosts = [...text.matchAll(/https?:\/\/([^/"]+)/g)].map(([, host]) => host);
    // What is left are the funding pages that authors name in their packages.
    expect(hosts.filter((host) => /npm|registry|mirror|artifact|verdaccio|nexus|^[\d.]+|localhost|:\d+$/.test(host))).toEqual([]);
  });

  it('holds no package with an install script', () => {
    expect(Object.keys(lock.packages).filter((key) => lock.packages[key].hasInstallScript)).toEqual([]);
  });

  it('pins direct dependencies to exact versions', () => {
    const { dependencies, devDependencies } = lock.packages[''];
    expect(Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version))).toEqual([]);
  });

  it('is what scripts/complete-lock.mjs makes of it', () => {
    const run = completeLock(text, '--check');
    expect(run.status, run.stderr).toBe(0);
  });
});

describe('scripts/complete-lock.mjs', () => {
  const tool = {
    version: '1.2.3',
    dev: true,
    optionalDependencies: { '@t/cli-linux-x64': '1.2.3', '@t/cli-linux-x64-musl': '1.2.3', '@t/cli-darwin-arm64': '~1.2.3' },
  };

  it('adds what is missing with os, cpu and libc, and nothing twice', () => {
    const run = completeLock({ packages: { '': { version: '0.0.0' }, 'node_modules/tool': tool } });
    const { packages } = JSON.parse(run.text) as Lock;
    expect(packages['node_modules/@t/cli-linux-x64']).toEqual({ version: '1.2.3', cpu: ['x64'], dev: true, libc: ['glibc'], optional: true, os: ['linux'] });
    expect(packages['node_modules/@t/cli-linux-x64-musl']).toEqual({
      version: '1.2.3',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    });
    expect(packages['node_modules/@t/cli-darwin-arm64']).toEqual({ version: '1.2.3', cpu: ['arm64'], dev: true, optional: true, os: ['darwin'] });
    expect(completeLock(run.text).text).toBe(run.text);
    expect(completeLock(run.text, '--check').status).toBe(0);
  });

  it('agrees with every entry that the registry filled in', () => {
    const known = Object.entries(lock.packages).filter(
      ([key, entry]) => entry.optional && (entry.os || entry.cpu) && 'integrity' in entry && /-(x64|arm64)(-(gnu|musl|msvc))?$/.test(key),
    );
    expect(known.length).toBeGreaterThan(30);
    const without: Lock = structuredClone(lock);
    for (const [key] of known) delete without.packages[key];
    const { packages } = JSON.parse(completeLock(without).text) as Lock;
    for (const [key, { version, os, cpu, libc, dev }] of known) {
      const { version: version2, os: os2, cpu: cpu2, libc: libc2, dev: dev2 } = packages[key];
      expect({ key, version2, os2, cpu2, libc2, dev2 }).toEqual({ key, version2: version, os2: os, cpu2: cpu, libc2: libc, dev2: dev });
    }
  });

  it('takes a nested package for present, and only from where it is seen', () => {
    const nested = { 'node_modules/tool': tool, 'node_modules/tool/node_modules/@t/cli-linux-x64': { version: '1.2.3' } };
    const { packages } = JSON.parse(completeLock({ packages: { '': { version: '0' }, ...nested } }).text) as Lock;
    expect(packages['node_modules/@t/cli-linux-x64']).toBeUndefined();
    const other = { 'node_modules/tool': tool, 'node_modules/other/node_modules/@t/cli-linux-x64': { version: '9.9.9' } };
    expect(JSON.parse(completeLock({ packages: { '': { version: '0' }, ...other } }).text).packages['node_modules/@t/cli-linux-x64'].version).toBe('1.2.3');
  });

  it('drops registry hosts', () => {
    const run = completeLock({
      packages: { '': { version: '0' }, 'node_modules/x': { version: '1.0.0', resolved: 'https://registry.example.com/x/-/x-1.0.0.tgz' } },
    });
    expect(run.text).not.toContain('example.com');
  });

  it('refuses an incomplete lock with --check and leaves it as it is', () => {
    const content = { packages: { '': { version: '0.0.0' }, 'node_modules/tool': tool } };
    const run = completeLock(content, '--check');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('npm run lock');
    expect(run.text).toBe(`${JSON.stringify(content, null, 2)}\n`);
  });

  it('stops at a name that tells no platform', () => {
    const run = completeLock({ packages: { '': { version: '0' }, 'node_modules/x': { version: '1.0.0', optionalDependencies: { sharp: '1.0.0' } } } });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain('sharp');
  });
});
